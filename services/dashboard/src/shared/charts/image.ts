/** Makes an image of a chart as the page shows it: of its drawings and canvases, and its title. */

const SCALE = 2; // for screens and slides of double density
const HEAD = 40;
const EDGE = 16;
const STYLES = [
  "fill",
  "fill-opacity",
  "stroke",
  "stroke-width",
  "stroke-dasharray",
  "stroke-opacity",
  "opacity",
  "font-size",
  "font-weight",
  "font-family",
  "text-anchor",
  "dominant-baseline",
  "display",
  "visibility",
] as const;

/** A text of `common` that says what became of the image. */
export type Copied = "imageCopied" | "imageSaved" | "imageFailed";

/** Copy what is drawn inside a box as PNG; where the browser forbids it, save it as a file. */
export async function copyChart(box: HTMLElement | null, title: string): Promise<Copied> {
  const blob = box === null ? undefined : await imageOf(box, title).catch(() => undefined);
  if (blob === undefined) return "imageFailed";
  try {
    await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
    return "imageCopied";
  } catch {
    // Without HTTPS there is no clipboard for images.
    save(blob, `${title}.png`);
    return "imageSaved";
  }
}

async function imageOf(box: HTMLElement, title: string): Promise<Blob | undefined> {
  const drawings = [...box.querySelectorAll<SVGSVGElement | HTMLCanvasElement>("svg, canvas")];
  const shown = drawings.filter((one) => one.getBoundingClientRect().width > 0);
  const frame = box.getBoundingClientRect();
  const canvas = document.createElement("canvas");
  canvas.width = Math.ceil((frame.width + 2 * EDGE) * SCALE);
  canvas.height = Math.ceil((frame.height + HEAD + EDGE) * SCALE);
  const context = canvas.getContext("2d");
  if (context === null) return undefined;
  const style = getComputedStyle(document.documentElement);
  context.scale(SCALE, SCALE);
  context.fillStyle = style.getPropertyValue("--wn-card");
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = style.getPropertyValue("--wn-text");
  context.font = "600 14px Inter, system-ui, sans-serif";
  context.fillText(title, EDGE, 24);
  context.translate(EDGE - frame.left, HEAD - frame.top);
  fillBoxes(context, box);
  for (const drawing of shown) await draw(context, drawing);
  drawTexts(context, box);
  return new Promise((resolve) => canvas.toBlob((blob) => resolve(blob ?? undefined), "image/png"));
}

async function draw(
  context: CanvasRenderingContext2D,
  drawing: SVGSVGElement | HTMLCanvasElement,
): Promise<void> {
  const { left, top, width, height } = drawing.getBoundingClientRect();
  if (drawing instanceof HTMLCanvasElement) {
    context.drawImage(drawing, left, top, width, height);
    return;
  }
  const image = await createImage(standalone(drawing, width, height));
  context.drawImage(image, left, top, width, height);
}

/** Copy a drawing with its colours written out: an image knows neither our styles nor patterns. */
function standalone(drawing: SVGSVGElement, width: number, height: number): SVGSVGElement {
  const copy = drawing.cloneNode(true);
  if (!(copy instanceof SVGSVGElement)) return drawing;
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", String(width));
  copy.setAttribute("height", String(height));
  writeStyles(drawing, copy);
  for (const pattern of document.querySelectorAll("svg pattern[id]")) {
    if (copy.querySelector(`#${CSS.escape(pattern.id)}`) !== null) continue;
    const own = pattern.cloneNode(true);
    writeStyles(pattern, own);
    copy.prepend(own);
  }
  return copy;
}

function writeStyles(from: Element, to: Node): void {
  if (!(to instanceof SVGElement)) return;
  const sources = [from, ...from.querySelectorAll("*")];
  const targets = [to, ...to.querySelectorAll<SVGElement>("*")];
  sources.forEach((source, index) => {
    const style = getComputedStyle(source);
    for (const name of STYLES) {
      const value = style.getPropertyValue(name);
      if (value !== "") targets[index]?.setAttribute(name, value);
    }
    targets[index]?.removeAttribute("style");
  });
}

/** Draw the coloured boxes of a chart that is a table, such as the hours of a line. */
function fillBoxes(context: CanvasRenderingContext2D, box: HTMLElement): void {
  for (const element of box.querySelectorAll<HTMLElement>("*:not(svg *)")) {
    const { backgroundColor, opacity } = getComputedStyle(element);
    const { left, top, width, height } = element.getBoundingClientRect();
    if (width === 0 || backgroundColor === "rgba(0, 0, 0, 0)") continue;
    context.globalAlpha = Number(opacity);
    context.fillStyle = backgroundColor;
    context.fillRect(left, top, width, height);
  }
  context.globalAlpha = 1;
}

/** Draw the words around the drawings, such as the names of lanes. */
function drawTexts(context: CanvasRenderingContext2D, box: HTMLElement): void {
  const walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const parent = node.parentElement;
    const text = node.textContent?.trim() ?? "";
    if (parent === null || text === "" || parent.closest("svg, .visually-hidden") !== null)
      continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const place = range.getBoundingClientRect();
    if (place.width === 0) continue;
    const style = getComputedStyle(parent);
    context.fillStyle = style.color;
    context.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    context.textBaseline = "middle";
    context.fillText(text, place.left, place.top + place.height / 2, place.width);
  }
}

async function createImage(drawing: SVGSVGElement): Promise<HTMLImageElement> {
  const text = new XMLSerializer().serializeToString(drawing);
  const image = new Image();
  const address = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  try {
    image.src = address;
    await image.decode();
    return image;
  } finally {
    URL.revokeObjectURL(address);
  }
}

function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
