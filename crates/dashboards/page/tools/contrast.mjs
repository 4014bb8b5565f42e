// Contrast of every text that can be seen, by WCAG 2: runs inside the page, so it uses nothing from outside.

/** Texts below 4.5 : 1, with how many were looked at. The ground is what lies under the text's middle, HTML or SVG. */
export function contrastFaults() {
  const parse = (color) => {
    const parts = /^rgba?\(([^)]+)\)$/.exec(color)?.[1].split(/[ ,/]+/).map(Number);
    if (parts) return [parts[0], parts[1], parts[2], parts[3] ?? 1];
    const mixed = /^color\(srgb ([^)]+)\)$/.exec(color)?.[1].split(/[ /]+/).map(Number);
    return mixed ? [mixed[0] * 255, mixed[1] * 255, mixed[2] * 255, mixed[3] ?? 1] : [0, 0, 0, 0];
  };
  const over = (top, below) => [0, 1, 2].map((at) => top[at] * top[3] + below[at] * (1 - top[3])).concat(1);
  const luminance = (color) => {
    const [r, g, b] = color.map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const opacity = (element) => {
    let value = 1;
    for (let at = element; at; at = at.parentElement) value *= Number(getComputedStyle(at).opacity);
    return value;
  };
  /** What an element paints behind a text; SVG shapes paint their fill, groups and texts nothing. */
  const paint = (element) => {
    const style = getComputedStyle(element);
    if (!(element instanceof SVGElement)) return parse(style.backgroundColor);
    if (["text", "tspan", "g", "svg", "image"].includes(element.tagName)) return [0, 0, 0, 0];
    const fill = style.fill === "none" ? [0, 0, 0, 0] : parse(style.fill);
    fill[3] *= Number(style.fillOpacity);
    return fill;
  };
  const ground = (x, y) => {
    const layers = [];
    for (const element of document.elementsFromPoint(x, y)) {
      const color = paint(element);
      color[3] *= opacity(element);
      if (color[3] > 0) layers.push(color);
      if (color[3] >= 1) break;
    }
    return layers.reduceRight((below, top) => over(top, below), parse(getComputedStyle(document.body).backgroundColor));
  };
  const found = [];
  let texts = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || !element || element.closest("script, style, noscript, .hidden, .skip")) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = [...range.getClientRects()].find((rect) => rect.width > 1 && rect.height > 1);
    if (!box) continue;
    const [x, y] = [box.left + Math.min(box.width, 8) / 2, box.top + box.height / 2];
    const under = document.elementsFromPoint(x, y);
    // What another element cuts off or covers is not read.
    if (!under.some((one) => one === element || element.contains(one) || one.contains(element) && one !== document.body && one !== document.documentElement && getComputedStyle(element).pointerEvents === "none")) continue;
    const style = getComputedStyle(element);
    const ink = parse(element instanceof SVGElement ? style.fill : style.color);
    ink[3] *= opacity(element);
    const below = ground(x, y);
    const [one, other] = [luminance(over(ink, below)), luminance(below)];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    texts += 1;
    if (ratio < 4.5) found.push(`contrast ${ratio.toFixed(2)} of "${node.data.trim().slice(0, 40)}" (${element.tagName} ${element.className.baseVal ?? element.className}) on rgb(${below.slice(0, 3).map(Math.round)})`);
  }
  return { texts, found };
}
