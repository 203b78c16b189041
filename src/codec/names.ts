// Names of images from a file that nobody vouches for, as paths that stay in a folder on any system.

/** Extensions that a picture's name loses when it becomes a PNG file. */
const pictureExtension = /\.(png|jpe?g|webp|gif)$/i

/** What Windows takes for a device, whatever the extension. */
const device = /^(con|prn|aux|nul|clock\$|conin\$|conout\$|(com|lpt)[0-9¹²³])(\.|$)/i

/** What some file system does not take, besides the separators: controls, marks that hide or turn a text, half characters. */
const forbidden = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}<>:"|?*]/gu

/** File systems take 255 bytes a part; some are left for a number and an extension. */
const MAX_PART = 200
const MAX_PARTS = 8

/**
 * Gives names for files, all different also where upper and lower case are alike: relative paths with `/`, without `.`
 * and `..`, ending in `.png`, which no folder among them does. An image without a name gets its number.
 *
 * @param count  of images, for the width of numbers
 */
export function fileNames(count: number): (index: number, name?: string) => string {
  const taken = new Set<string>()
  /** Copies that were looked for, by what they are copies of: a thousand equal names are not compared with each other. */
  const copies = new Map<string, number>()
  const digits = Math.max(3, String(count - 1).length)
  return (index, name) => {
    const parts = name === undefined ? [] : partsOf(name)
    const last = parts.pop() ?? String(index).padStart(digits, '0')
    const folder = parts.map(part => `${/\.png$/i.test(part) ? `${part}_` : part}/`).join('')
    const stem = folder + safe(last.replace(pictureExtension, ''))
    for (let copy = (copies.get(folded(stem)) ?? 0) + 1; ; copy++) {
      const file = `${stem}${copy === 1 ? '' : `-${copy}`}.png`
      if (taken.has(folded(file))) continue
      taken.add(folded(file))
      copies.set(folded(stem), copy)
      return file
    }
  }
}

/** The same for names that some file system takes for one. */
const folded = (name: string) => name.normalize('NFKC').toUpperCase().toLowerCase()

/** The parts of a path that name something; what leads elsewhere is left out. */
function partsOf(name: string): string[] {
  return name
    .split(/[/\\]/)
    .filter(part => !/^[. ]*$/.test(part))
    .slice(-MAX_PARTS)
    .map(safe)
}

/** A part that every file system takes. */
function safe(part: string): string {
  let name = part.replace(forbidden, '_')
  const bytes = new TextEncoder().encode(name)
  // Cut within a character, its rest is dropped with the mark that stands for it.
  if (bytes.length > MAX_PART)
    name = new TextDecoder().decode(bytes.subarray(0, MAX_PART)).replace(/\ufffd+$/, '')
  // Windows drops dots and spaces at the end, and a dot at the beginning hides a file.
  name = name.replace(/^[. ]+|[. ]+$/g, '_')
  return device.test(name) ? `_${name}` : name
}
