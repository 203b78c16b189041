/** Emoji in the drawings of two vendors, from the npm packages `emoji-datasource-google` and `-twitter`. */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { chooseByKey, type Dataset, type Images, splitByKey } from './dataset.ts'
import { packageFolder } from './files.ts'
import { decodeWhole } from './image.ts'
import { type LoadOptions, loadSettings } from './options.ts'
import { allocatePixels, fitImages, type RawImages } from './resize.ts'

export interface EmojiOptions extends LoadOptions {
  /** Also the skin-tone variants, 1,875 more of each vendor; default false. */
  skinTones?: boolean
}

/** A cell of the vendor's sheet, which holds all emoji in columns and rows. */
interface Cell {
  sheet_x: number
  sheet_y: number
  [vendor: `has_img_${string}`]: boolean
}

/** What is used of an entry of `emoji.json`. */
interface Emoji extends Cell {
  unified: string
  name: string
  short_name: string
  short_names: string[]
  category: string
  subcategory: string
  skin_variations?: Record<string, Cell>
}

interface Picture {
  vendor: string
  cell: Cell
  name: string
  texts: string
  category: string
  /** Code points, of the base emoji for a variant: pictures of one concept stay on one side. */
  key: string
}

const vendors = ['google', 'twitter']
const packages = vendors.map(vendor => `emoji-datasource-${vendor}`).join(' ')

/** Side of a picture, and of its cell: a transparent pixel all around. */
const side = 64
const pitch = side + 2

/**
 * 1,911 emoji of each vendor, on white, [3, 32, 32] by default (area average of 64 × 64). Train and test are
 * split by the hash of the code points, so that one emoji's pictures never stand on both sides. Labels are
 * categories, names are `vendor/short_name` (with a skin tone's code point after it for a variant). Texts are the
 * name, the short names, the subcategory and the category (`grinning face`, `grinning`, `face smiling`,
 * `smileys & emotion`), so that the drawings of both vendors have the same.
 */
export async function loadEmoji(options: EmojiOptions = {}): Promise<Dataset> {
  const { size, channels, limit, testFraction } = loadSettings(options, 3)
  const all = (await Promise.all(vendors.map(vendor => list(vendor, options.skinTones ?? false)))).flat()
  const classes = [...new Set(all.map(({ category }) => category))].sort()
  const keys = all.map(({ key }) => key)
  const chosen = Array.from(chooseByKey(keys, testFraction, limit), i => all[i])
  const pixels = allocatePixels(chosen.length, channels, size)
  let at = 0
  // One vendor after the other, as in the list: two unfolded sheets at once would be 200 MB.
  for (const vendor of vendors) {
    const drawn = await draw(
      vendor,
      chosen.filter(picture => picture.vendor === vendor),
    )
    const part = fitImages(drawn, { size, channels }).pixels
    pixels.set(part, at)
    at += part.length
  }
  const images: Images = {
    count: chosen.length,
    channels,
    size,
    pixels,
    labels: Int32Array.from(chosen, ({ category }) => classes.indexOf(category)),
    names: chosen.map(({ name }) => name),
    texts: chosen.map(({ texts }) => texts),
  }
  const chosenKeys = chosen.map(({ key }) => key)
  return {
    name: 'emoji',
    channels,
    size,
    ...splitByKey(images, chosenKeys, testFraction),
    classes,
    skipped: [],
  }
}

async function list(vendor: string, skinTones: boolean): Promise<Picture[]> {
  const file = join(packageFolder(`emoji-datasource-${vendor}`, packages), 'emoji.json')
  const emoji: Emoji[] = JSON.parse(await readFile(file, 'utf8'))
  const pictures: Picture[] = []
  for (const entry of emoji) {
    const { unified: key, category, short_name, skin_variations = {} } = entry
    const add = (cell: Cell, name: string, tone = '') => {
      if (!cell[`has_img_${vendor}`]) return
      pictures.push({ vendor, cell, name, texts: textsOf(entry, tone), category, key })
    }
    add(entry, `${vendor}/${short_name}`)
    if (!skinTones) continue
    for (const [tone, cell] of Object.entries(skin_variations))
      add(cell, `${vendor}/${short_name}/${tone}`, toneOf(tone))
  }
  return pictures
}

/** The texts of an emoji, one a line; a variant's skin tone belongs to its name. */
function textsOf({ name, short_names, subcategory, category }: Emoji, tone: string): string {
  const named = [name, ...short_names].map(text => (tone ? `${text} ${tone}` : text))
  const lines = [...named, subcategory, category].map(text => text.toLowerCase().replace(/[_-]/g, ' '))
  return [...new Set(lines)].join('\n')
}

/** Unicode's words for the modifiers U+1F3FB to U+1F3FF (Fitzpatrick's types). */
const tones: Record<string, string> = {
  '1F3FB': 'light skin tone',
  '1F3FC': 'medium light skin tone',
  '1F3FD': 'medium skin tone',
  '1F3FE': 'medium dark skin tone',
  '1F3FF': 'dark skin tone',
}

/** `1F3FB-1F3FF`, the tones of a couple, is `light skin tone, dark skin tone`. */
function toneOf(codePoints: string): string {
  return codePoints
    .split('-')
    .map(point => tones[point])
    .join(', ')
}

/**
 * Pictures cut from the vendor's sheet, [count, 3, 64, 64]: the same pixels as those of its 3,786 single
 * files, several times as fast to read.
 */
async function draw(vendor: string, pictures: Picture[]): Promise<RawImages> {
  const file = join(packageFolder(`emoji-datasource-${vendor}`), 'img', vendor, 'sheets', `${side}.png`)
  let sheet: RawImages
  try {
    sheet = await decodeWhole(await readFile(file))
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}; install again: npm install ${packages}`)
  }
  const pixels = new Uint8Array(pictures.length * 3 * side ** 2)
  let to = 0
  for (const { cell } of pictures) {
    const corner = (cell.sheet_y * pitch + 1) * sheet.cols + cell.sheet_x * pitch + 1
    for (let c = 0; c < 3; c++) {
      for (let y = 0; y < side; y++, to += side) {
        const from = corner + (c * sheet.rows + y) * sheet.cols
        pixels.set(sheet.pixels.subarray(from, from + side), to)
      }
    }
  }
  return { count: pictures.length, channels: 3, rows: side, cols: side, pixels }
}
