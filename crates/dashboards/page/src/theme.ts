// Light and dark: the system's choice until somebody makes another one, which the browser keeps.

export type Theme = "light" | "dark";

/** What drawings need of the style sheet. */
export interface Palette {
  ink: string;
  muted: string;
  line: string;
  panel: string;
  ground: string;
  accent: string;
}

const KEY = "m365-security-theme";
const listeners: (() => void)[] = [];

/** Storage may be forbidden, for a page that was opened as a file: then nothing is kept. */
function stored(): Theme | null {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : null;
  } catch {
    return null;
  }
}

export function theme(): Theme {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === "light" || chosen === "dark") return chosen;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

export function toggle(): void {
  const next: Theme = theme() === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // See `stored`.
  }
  tell();
}

/** Calls back after every change of theme. */
export function onChange(listener: () => void): void {
  listeners.push(listener);
}

export function start(): void {
  const chosen = stored();
  if (chosen) document.documentElement.dataset.theme = chosen;
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", tell);
}

function tell(): void {
  for (const listener of listeners) listener();
}

export function palette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: of("ink"), muted: of("muted"), line: of("line"), panel: of("panel"), ground: of("ground"), accent: of("accent"),
  };
}
