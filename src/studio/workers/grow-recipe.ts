// Pictures that know where they come from: PNG files with the page's state inside, and that state read back.

import type { RgbaPicture } from '../../guides/rgba.ts'

/** The key of the text chunk that holds the query string. */
const KEY = 'studio'

/** A PNG file of an opaque picture, with the query string that shows it again. */
export async function pngWithRecipe(picture: RgbaPicture, query: string): Promise<Uint8Array> {
  // Loaded when it is first needed: what moves on the first screen does not wait for it.
  const { encodePng } = await import('../../report/png.ts')
  const { width, height, data } = picture
  const rgb = new Uint8Array(3 * width * height)
  for (let i = 0, from = 0; i < rgb.length; from++) for (let c = 0; c < 3; c++) rgb[i++] = data[4 * from + c]
  return encodePng({ width, height, channels: 3, data: rgb }, { [KEY]: query })
}

/** The query string of such a file; null where the bytes are another PNG file or none. */
export async function recipeOf(bytes: Uint8Array): Promise<string | null> {
  const { decodePngText } = await import('../../report/png.ts')
  try {
    return decodePngText(bytes)[KEY] ?? null
  } catch {
    return null
  }
}
