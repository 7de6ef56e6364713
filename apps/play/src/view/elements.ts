/** The element of an id that the page has. */
export function element<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`The page has no element ${id}.`);
  return found as T;
}

/** Tells what happened to those who do not see the page. */
export function announce(sentence: string): void {
  element('announcement').textContent = sentence;
}

/** A colour of the page's style, by the name of its property. */
export const colour = (name: string): string => {
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
};

/** `light-dark()` is computed only where a property is used. */
const probe = document.createElement('span');
probe.hidden = true;
document.documentElement.append(probe);

/** Lets a canvas have as many pixels as it is large on the screen. @returns whether it has any. */
export function fitCanvas(canvas: HTMLCanvasElement, ratio = devicePixelRatio): boolean {
  const { width, height } = canvas.getBoundingClientRect();
  const [columns, rows] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== columns) canvas.width = columns;
  if (canvas.height !== rows) canvas.height = rows;
  return columns > 0 && rows > 0;
}

/** A number with the digits that it needs. */
export function shown(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude >= 1e6 || magnitude < 1e-3)) return value.toExponential(1);
  const text = Number.isInteger(value)
    ? String(value)
    : value.toFixed(magnitude >= 100 ? 1 : magnitude >= 1 ? 2 : 3);
  return text.replace('-', '−');
}
