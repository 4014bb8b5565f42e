// Characters that reorder or hide text are shown by their code: a file name must look like what it is.

const INVISIBLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** The text with what nobody would see made visible. Tabs and line feeds become blanks. */
export function visible(text: string): string {
  return text
    .replace(/[\t\n]+/g, " ")
    .replace(INVISIBLE, (character) => `⟨U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`);
}

/** Names shortened to so many characters. Those that would look alike keep their ends, where names of one kind differ. */
export function shortNames(names: string[], length: number): Map<string, string> {
  const counted = new Map<string, number>();
  for (const name of names) counted.set(shortened(name, length), (counted.get(shortened(name, length)) ?? 0) + 1);
  return new Map(names.map((name) => {
    const short = shortened(name, length);
    return [name, (counted.get(short) ?? 0) > 1 ? middle(name, length) : short];
  }));
}

function middle(text: string, length: number): string {
  const characters = [...text];
  if (characters.length <= length) return text;
  const tail = Math.ceil((length - 1) * 0.6);
  return `${characters.slice(0, length - 1 - tail).join("")}…${characters.slice(-tail).join("")}`;
}

/** At most so many characters, the end replaced by an ellipsis. Surrogate pairs stay whole. */
export function shortened(text: string, length: number): string {
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join("")}…`;
}
