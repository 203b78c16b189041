/** Colours of the levels of a tree. */

/**
 * From the top down, then again: vermilion, blue, green and purple of Okabe and Ito's palette (jfly.uni-koeln.de/color,
 * 2008), which colour-blind people tell apart. Each has a contrast of 3 or more with white and with the page by night.
 */
export const levelColours: readonly (readonly [red: number, green: number, blue: number])[] = [
  [0xd5, 0x5e, 0x00],
  [0x00, 0x72, 0xb2],
  [0x00, 0x9e, 0x73],
  [0xcc, 0x79, 0xa7],
]

/** Of a level, 0 being that of the top. */
export function levelColour(level: number): readonly [red: number, green: number, blue: number] {
  return levelColours[level % levelColours.length]
}

/** `#d55e00` */
export function hexColour(colour: readonly number[]): string {
  return `#${colour.map(value => value.toString(16).padStart(2, '0')).join('')}`
}
