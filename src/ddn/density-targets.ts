/** The target densities of the 2-D experiment: small pictures on a grid of 100 × 100 bins, drawn here by rule. */

/** A 5 × 7 bitmap font: after each letter seven rows from the top, a base-32 digit each, its bits the pixels. */
const font = `
  A ehhvhhh B uhhuhhu C ehggghe D uhhhhhu E vgguggv F vgguggg G ehgnhhe H hhhvhhh I e44444e J 72222ic
  K hikokih L ggggggv M hrllhhh N hppljjh O ehhhhhe P uhhuggg Q ehhhlid R uhhukih S fgge11u T v444444
  U hhhhhhe V hhhhaa4 W hhhllrh X hha4ahh Y hha4444 Z v1248gv 0 ehjlphe 1 4c4444e 2 eh1248v 3 eh161he
  4 26aiv22 5 vgu11he 6 egguhhe 7 v124444 8 ehhehhe 9 ehhf11e . 00000cc , 0000648 : 0cc0cc0 - 000e000
  + 044v440 = 00v0v00 % pp248jj / 11248gg`
const glyphs = new Map(Array.from(font.matchAll(/(\S) (\w{7})/g), ([, letter, rows]) => [letter, rows]))

/** Bins along each side of a density. */
export const bins = 100

export const densityNames = ['spiral', 'blurs', 'qr', 'words', 'gaussian', 'uniform'] as const
export type DensityName = (typeof densityNames)[number]

const painters: Record<DensityName, (grid: Float64Array) => void> = {
  spiral: paintSpiral,
  blurs: paintBlurs,
  qr: paintCode,
  words: paintWords,
  gaussian: grid => each(grid, (x, y) => Math.exp(-((x - 50) ** 2 + (y - 50) ** 2) / (2 * 20 ** 2))),
  uniform: grid => grid.fill(1),
}

/**
 * The density `name` as [100 · 100] probabilities of sum 1, row by row from the top: bin (x, y) is at y·100 + x and
 * covers [x, x+1) × [y, y+1) hundredths of the unit square, y pointing down as in a picture.
 */
export function density(name: string): Float64Array {
  const paint = painters[name as DensityName]
  if (!Object.hasOwn(painters, name)) {
    const near = densityNames.reduce((a, b) => (edits(name, b) < edits(name, a) ? b : a))
    throw new Error(`unknown density '${name}': did you mean '${near}'? There are ${densityNames.join(', ')}`)
  }
  const grid = new Float64Array(bins * bins)
  paint(grid)
  const sum = grid.reduce((a, b) => a + b, 0)
  return grid.map(value => value / sum)
}

/** A two-armed Archimedean spiral of a 2-bin line, its bins weighted by how much of them the line covers. */
function paintSpiral(grid: Float64Array): void {
  const pitch = 19
  const inside = (x: number, y: number) => {
    const r = Math.hypot(x - 50, y - 50)
    const turn = Math.atan2(y - 50, x - 50) / (2 * Math.PI)
    const arm = r / pitch - 2 * turn
    return r < 44 && r > 2 && Math.abs(arm - Math.round(arm)) * pitch < 1
  }
  each(grid, (x, y) => covered(inside, x, y))
}

/** Five rings, blurred by Gaussians of different widths. */
function paintBlurs(grid: Float64Array): void {
  const rings = [
    { x: 50, y: 50, sigma: 0 },
    { x: 25, y: 25, sigma: 0.5 },
    { x: 75, y: 25, sigma: 0.8 },
    { x: 25, y: 75, sigma: 1.2 },
    { x: 75, y: 75, sigma: 1.8 },
  ]
  for (const ring of rings) {
    const sharp = new Float64Array(bins * bins)
    const inside = (x: number, y: number) => Math.abs(Math.hypot(x - ring.x, y - ring.y) - 7) < 1
    each(sharp, (x, y) => covered(inside, x, y))
    const soft = blur(sharp, ring.sigma)
    for (let i = 0; i < grid.length; i++) grid[i] += soft[i] < 0.03 ? 0 : soft[i]
  }
}

/**
 * The look of a version-2 QR code, 25 × 25 modules of 2 × 2 bins: finder, alignment and timing patterns as in the
 * standard, the data modules from a fixed hash (so it can't be scanned).
 */
function paintCode(grid: Float64Array): void {
  const modules = 25
  const size = 2
  const origin = (bins - modules * size) / 2
  const last = modules - 1
  const dark = (x: number, y: number) => {
    // Distance from the middle of the nearest finder: a 3 × 3 core, a light ring, a dark ring, a light border.
    const finder = Math.min(
      ...[
        [3, 3],
        [last - 3, 3],
        [3, last - 3],
      ].map(([a, b]) => Math.max(Math.abs(x - a), Math.abs(y - b))),
    )
    if (finder <= 4) return finder === 3 || finder <= 1
    const alignment = Math.max(Math.abs(x - (last - 6)), Math.abs(y - (last - 6)))
    if (alignment <= 2) return alignment !== 1
    if (x === 6 || y === 6) return (x + y) % 2 === 0
    return Math.imul(Math.imul(x * 31 + y + 1, 0x9e3779b1) ^ (x << 16) ^ y, 0x85ebca6b) >>> 31 === 1
  }
  each(grid, (x, y) => {
    const column = Math.floor((x - origin) / size)
    const row = Math.floor((y - origin) / size)
    return column >= 0 && row >= 0 && column <= last && row <= last && dark(column, row) ? 1 : 0
  })
}

/** "DDN" in letters of 3-bin strokes above "COPPICE" in letters of 2-bin strokes. */
function paintWords(grid: Float64Array): void {
  const line = (text: string, scale: number, top: number) => {
    const left = Math.floor((bins - textWidth(text) * scale) / 2)
    drawText(text, (x, y) => {
      for (let j = 0; j < scale; j++) {
        const at = (top + y * scale + j) * bins + left + x * scale
        grid.fill(1, at, at + scale)
      }
    })
  }
  line('DDN', 3, 26)
  line('COPPICE', 2, 60)
}

/** Sets every bin to f of its middle. */
function each(grid: Float64Array, f: (x: number, y: number) => number): void {
  for (let y = 0; y < bins; y++) for (let x = 0; x < bins; x++) grid[y * bins + x] = f(x + 0.5, y + 0.5)
}

/** Share of the bin around (x, y) that lies inside, from 4 × 4 points. */
function covered(inside: (x: number, y: number) => boolean, x: number, y: number): number {
  let hits = 0
  for (let j = 0; j < 4; j++)
    for (let i = 0; i < 4; i++) if (inside(x + (i - 1.5) / 4, y + (j - 1.5) / 4)) hits++
  return hits / 16
}

/** Separable Gaussian blur of a grid, sigma in bins. */
function blur(grid: Float64Array, sigma: number): Float64Array {
  if (sigma === 0) return grid
  const reach = Math.ceil(3 * sigma)
  const kernel = Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-((i - reach) ** 2) / (2 * sigma * sigma)),
  )
  const sum = kernel.reduce((a, b) => a + b)
  const pass = (from: Float64Array, stride: number) => {
    const to = new Float64Array(from.length)
    for (let i = 0; i < from.length; i++) {
      const at = Math.floor(i / stride) % bins
      for (let j = -reach; j <= reach; j++) {
        if (at + j >= 0 && at + j < bins) to[i] += (kernel[j + reach] / sum) * from[i + j * stride]
      }
    }
    return to
  }
  return pass(pass(grid, 1), bins)
}

/** Levenshtein distance, for a helpful error. */
function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1))
    }
    row = next
  }
  return row[b.length]
}

/** Width of a text in pixels: 5 for a letter and 1 between two. */
export function textWidth(text: string): number {
  return Math.max(0, text.length * 6 - 1)
}

/** Calls paint for every pixel of a text, 7 pixels high, in capitals; what the font lacks is left blank. */
export function drawText(text: string, paint: (x: number, y: number) => void): void {
  const letters = text.toUpperCase()
  for (let i = 0; i < letters.length; i++) {
    const rows = glyphs.get(letters[i]) ?? ''
    for (let y = 0; y < rows.length; y++) {
      const row = Number.parseInt(rows[y], 32)
      for (let x = 0; x < 5; x++) if (row & (16 >> x)) paint(i * 6 + x, y)
    }
  }
}
