// The page around the panels: head, navigation, one dashboard at a time.
import { sweep } from "./charts/chart";
import { foreign, h, icon } from "./dom";
import { localTime, utcTime } from "./format";
import type { Control, Dashboard, Page } from "./model";
import { panelOf } from "./panel";
import { theme, toggle } from "./theme";

const MOON = "M6.2 1.3a6.8 6.8 0 1 0 8.5 8.5A5.6 5.6 0 0 1 6.2 1.3z";
const PRINTER = "M4 1h8v3H4V1zM2 5h12a1 1 0 0 1 1 1v5h-3v4H4v-4H1V6a1 1 0 0 1 1-1zm3.5 5v3.5h5V10h-5z";
const MENU = "M1 3h14v2H1V3zm0 4h14v2H1V7zm0 4h14v2H1v-2z";

export class Shell {
  private readonly main = h("main", { id: "main", tabindex: -1 });
  private readonly nav: HTMLElement;
  private readonly menu: HTMLButtonElement;
  private readonly known: ReadonlySet<string>;

  constructor(private readonly page: Page) {
    this.known = new Set(page.dashboards.map(({ id }) => id));
    this.nav = h(
      "nav",
      { id: "dashboards", "aria-label": "Dashboards" },
      h("ul", {}, page.dashboards.map(({ id, title }) => h("li", {}, h("a", { href: `#/${encodeURIComponent(id)}` }, foreign(title))))),
    );
    this.menu = tool(MENU, "Dashboards", () => this.open(this.menu.getAttribute("aria-expanded") !== "true"));
    this.menu.classList.add("menu");
    this.menu.setAttribute("aria-controls", "dashboards");
    this.open(false);
  }

  /** Puts the page into the document and shows the dashboard that the address names. */
  start(notices: string): void {
    const skip = h("a", { class: "skip", href: "#main" }, "Skip to the dashboard");
    skip.addEventListener("click", (event) => {
      event.preventDefault();
      this.main.focus();
    });
    const { product, made, source } = this.page;
    const head = h(
      "header",
      {},
      this.menu,
      h("div", { class: "brand" }, h("strong", {}, product), h("span", { class: "muted wide" }, foreign(source))),
      h("div", { class: "made muted" }, h("span", { class: "wide" }, "Made "), instant(made)),
      tool(PRINTER, "Print this dashboard", () => window.print()),
      themeTool(),
    );
    document.body.replaceChildren(skip, head, h("div", { class: "frame" }, this.nav, h("div", {}, this.main, foot(made, source, notices))));
    window.addEventListener("hashchange", () => this.route(true));
    this.route(false);
  }

  private open(isOpen: boolean): void {
    this.menu.setAttribute("aria-expanded", String(isOpen));
    this.nav.classList.toggle("is-open", isOpen);
  }

  private route(byReader: boolean): void {
    const wanted = location.hash.replace(/^#\/?/, "");
    const dashboard = this.page.dashboards.find(({ id }) => encodeURIComponent(id) === wanted) ?? this.page.dashboards[0];
    if (!dashboard) {
      this.main.replaceChildren(h("p", { class: "empty" }, "This page holds no dashboard."));
      return;
    }
    this.open(false);
    for (const link of this.nav.querySelectorAll("a")) {
      if (link.getAttribute("href") === `#/${encodeURIComponent(dashboard.id)}`) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    document.title = `${dashboard.title} – ${this.page.product}`;
    this.show(dashboard);
    if (byReader) {
      window.scrollTo(0, 0);
      this.main.focus({ preventScroll: true });
    }
  }

  private show(dashboard: Dashboard): void {
    const around = { dashboard: dashboard.id, known: this.known };
    const inOrder = [...dashboard.panels].sort((a, b) => a.grid[1] - b.grid[1] || a.grid[0] - b.grid[0]);
    this.main.replaceChildren(
      h(
        "div",
        { class: "title" },
        h("h1", {}, foreign(dashboard.title)),
        h("p", { class: "muted" }, foreign(dashboard.description)),
        h("p", { class: "range" }, instant(dashboard.from), " – ", instant(dashboard.to)),
        dashboard.controls.length > 0 ? h("ul", { class: "controls", "aria-label": "Controls" }, dashboard.controls.map(control)) : null,
      ),
      h("div", { class: "grid" }, inOrder.map((panel) => panelOf(panel, around))),
    );
    sweep();
  }
}

/** Where and when the page was made, and whose work is in it. */
function foot(made: number, source: string, notices: string): HTMLElement {
  return h(
    "footer",
    {},
    h("p", {}, "Made ", instant(made), " from ", foreign(source), ". A picture of that moment: nothing here asks anybody for anything."),
    h("details", {}, h("summary", {}, "Licences of what this page holds"), h("pre", { tabindex: 0 }, notices)),
  );
}

function control({ title, selected }: Control): HTMLElement {
  return h("li", {}, h("span", { class: "muted" }, foreign(title)), " ", h("strong", {}, foreign(selected.length > 0 ? selected.join(", ") : "any")));
}

function instant(millis: number): HTMLElement {
  return h("time", { datetime: new Date(millis).toISOString(), title: utcTime(millis) }, localTime(millis));
}

function tool(path: string, label: string, action: () => void): HTMLButtonElement {
  return h("button", { type: "button", class: "tool", title: label, "aria-label": label, click: action }, icon(path));
}

function themeTool(): HTMLButtonElement {
  const button = tool(MOON, "Dark theme", () => {
    toggle();
    button.setAttribute("aria-pressed", String(theme() === "dark"));
  });
  button.setAttribute("aria-pressed", String(theme() === "dark"));
  return button;
}
