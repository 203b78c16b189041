/** What a film uses of gifenc beside what the other animation does. */
declare module 'gifenc' {
  /** The colours [r, g, b], at most `most`, that stand for those of RGBA pixels. */
  export function quantize(rgba: Uint8Array, most: number): number[][]
  /** The number of the nearest colour for every RGBA pixel. */
  export function applyPalette(rgba: Uint8Array, palette: number[][]): Uint8Array
}
