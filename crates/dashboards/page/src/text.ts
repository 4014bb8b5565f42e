// Characters that reorder or hide text are shown by their code: a file name must look like what it is.

const INVISIBLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** The text with what nobody would see made visible. Tabs and line feeds become blanks. */
export function visible(text: string): string {
  return text
    .replace(/[\t\n]+/g, " ")
    .replace(INVISIBLE, (character) => `⟨U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`);
}

/** At most so many characters, the end replaced by an ellipsis. Surrogate pairs stay whole. */
export function shortened(text: string, length: number): string {
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join("")}…`;
}
