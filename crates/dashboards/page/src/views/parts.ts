// Panels of plain HTML: links, tag clouds, texts, failures.
import { column, tableOf } from "../data";
import { foreign, h } from "../dom";
import type { CloudView, FailedView, Link, LinksView, Panel, TextView } from "../model";

/** A link to another dashboard of this page, or elsewhere; the current dashboard is marked. */
export function anchor(link: Link, current: string, known: ReadonlySet<string>): HTMLElement {
  if (link.dashboard != null) {
    // Only what this page holds can be reached from it.
    if (!known.has(link.dashboard)) return h("span", { class: "muted", title: "not part of this page" }, foreign(link.label));
    const here = link.dashboard === current;
    return h("a", { href: `#/${encodeURIComponent(link.dashboard)}`, title: link.label, "aria-current": here ? "page" : null }, foreign(link.label));
  }
  return h("a", { href: link.href, rel: "noopener noreferrer", target: "_blank" }, foreign(link.label));
}

export function links(view: LinksView, current: string, known: ReadonlySet<string>): HTMLElement {
  return h(
    "ul",
    { class: view.vertical ? "links vertical" : "links" },
    view.links.map((link) => h("li", {}, anchor(link, current, known))),
  );
}

/** Words as large as their numbers: the logarithm keeps one giant from hiding the others. */
export function cloud(panel: Panel, view: CloudView): HTMLElement {
  const table = tableOf(panel);
  const tag = column(table, view.tag);
  const value = column(table, view.value);
  const numbers = table.rows.map((row) => Math.log1p(Math.max(value?.number(row) ?? 0, 0)));
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const [smallest, largest] = view.sizes;
  const items = table.rows.map((row, at) => {
    const share = high > low ? ((numbers[at] as number) - low) / (high - low) : 1;
    const size = Math.round(smallest + share * (Math.min(largest, 34) - smallest));
    const title = `${tag?.text(row) ?? ""}: ${value?.text(row) ?? ""}`;
    return h("li", { style: `font-size:${size}px`, title }, foreign(tag?.text(row) ?? ""), h("span", { class: "hidden" }, `: ${value?.text(row) ?? ""}`));
  });
  return h("ul", { class: "cloud" }, items);
}

export function text(view: TextView): HTMLElement {
  const element = h("div", { class: "text" });
  // The program has rendered this from Markdown and let no foreign markup through, see page/markdown.rs.
  element.innerHTML = view.html;
  return element;
}

export function failed(view: FailedView): HTMLElement {
  return h("p", { class: "failed" }, h("strong", {}, "Not drawn: "), foreign(view.message));
}
