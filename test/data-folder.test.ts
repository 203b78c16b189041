/** Folders and zip files of pictures, made here by sharp and fflate and read back by src/data. */

import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { zipSync } from 'fflate'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Dataset } from '../src/data/dataset.ts'
import { decodeImage, imageFormat } from '../src/data/image.ts'
import { loadDataset } from '../src/data/load.ts'
import { readZipDirectory, readZipEntry } from '../src/data/zip.ts'

type Files = Record<string, Uint8Array>
type Format = 'png' | 'jpeg' | 'webp' | 'gif'

let base: string
/** A broken PNG: the first half of a real one. */
let broken: Uint8Array
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'coppice-folder-'))
  const noise = Buffer.from(Uint8Array.from({ length: 40 * 40 * 3 }, (_, i) => (i * 7919) % 251))
  const whole = await sharp(noise, { raw: { width: 40, height: 40, channels: 3 } })
    .png()
    .toBuffer()
  broken = whole.subarray(0, whole.length / 2)
})
afterAll(() => rm(base, { recursive: true, force: true }))

const flat = (colour: string, format: Format = 'png', width = 10, height = 10): Promise<Uint8Array> =>
  sharp({ create: { width, height, channels: 4, background: colour } })
    .toFormat(format)
    .toBuffer()

async function folderOf(files: Files): Promise<string> {
  const folder = await mkdtemp(join(base, 'f'))
  for (const [path, bytes] of Object.entries(files)) {
    await mkdir(join(folder, dirname(path)), { recursive: true })
    await writeFile(join(folder, path), bytes)
  }
  return folder
}

async function zipOf(files: Files | Uint8Array): Promise<string> {
  const path = join(await mkdtemp(join(base, 'z')), 'a.zip')
  await writeFile(path, files instanceof Uint8Array ? files : zipSync(files))
  return path
}

/** `count` flat pictures with the given prefix. */
async function many(prefix: string, count: number): Promise<Files> {
  const picture = await flat('#804020')
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`${prefix}${i}.png`, picture]))
}

const names = ({ train, test }: Dataset) => [...train.names!, ...test.names!].sort()

test('folder: PNG, JPEG, WebP and GIF in any depth and letter case are read, in the order of their paths', async () => {
  const folder = await folderOf({
    'b.JPG': await flat('#804020', 'jpeg'),
    'a/z/c.webp': await flat('#804020', 'webp'),
    'a/d.gif': await flat('#804020', 'gif'),
    'e.png': await flat('#804020', 'png'),
    'notes.txt': Uint8Array.of(1),
    '.hidden/f.png': await flat('#804020'),
    '._e.png': Uint8Array.of(1),
  })
  const data = await loadDataset(`folder:${folder}`)
  expect(names(data)).toEqual(['a/d.gif', 'a/z/c.webp', 'b.JPG', 'e.png'])
  expect([data.channels, data.size, data.classes, data.skipped]).toEqual([3, 32, undefined, []])
  expect(data.train.names).toEqual([...data.train.names!].sort())
  for (const { pixels, count } of [data.train, data.test]) {
    for (let i = 0; i < count * 3 * 1024; i++) {
      const colour = [0x80, 0x40, 0x20][Math.floor(i / 1024) % 3]
      // The lossy formats move a flat colour by a few steps.
      expect(Math.abs(pixels[i] - colour)).toBeLessThanOrEqual(6)
    }
  }
})

test('folder: the first-level sub-folders are the classes, if every picture is in one', async () => {
  const files = { ...(await many('cat/', 6)), ...(await many('dog/big/', 6)) }
  const data = await loadDataset(`folder:${await folderOf(files)}`)
  expect(data.classes).toEqual(['cat', 'dog'])
  for (const { labels, names } of [data.train, data.test]) {
    expect([...labels!]).toEqual(names!.map(name => (name.startsWith('cat') ? 0 : 1)))
  }
  const loose = await loadDataset(`folder:${await folderOf({ ...files, ...(await many('', 1)) })}`)
  expect([loose.classes, loose.train.labels]).toEqual([undefined, undefined])
})

test('folder: exactly train and test as sub-folders are the split, the level below the classes', async () => {
  const files = {
    ...(await many('train/a/', 3)),
    ...(await many('train/b/', 2)),
    ...(await many('test/b/', 4)),
  }
  const data = await loadDataset(`folder:${await folderOf(files)}`)
  expect([data.train.count, data.test.count, data.classes]).toEqual([5, 4, ['a', 'b']])
  expect([...data.train.labels!, ...data.test.labels!]).toEqual([0, 0, 0, 1, 1, 1, 1, 1, 1])
  const limited = await loadDataset(`folder:${await folderOf(files)}`, { limit: 2 })
  expect([limited.train.names, limited.test.count]).toEqual([['train/a/0.png', 'train/a/2.png'], 2])
  expect([limited.classes, ...limited.test.labels!]).toEqual([['a', 'b'], 1, 1])
  const other = await loadDataset(`folder:${await folderOf({ ...files, ...(await many('more/', 1)) })}`)
  expect(other.classes).toEqual(['more', 'test', 'train'])
})

test('folder: the split follows from the paths alone, the same in another place and with more files', async () => {
  const few = await loadDataset(`folder:${await folderOf(await many('x', 40))}`, {
    size: 8,
    testFraction: 0.3,
  })
  const more = { ...(await many('x', 40)), ...(await many('y', 20)) }
  const all = await loadDataset(`folder:${await folderOf(more)}`, { size: 8, testFraction: 0.3 })
  expect(few.test.count).toBeGreaterThan(1)
  expect(all.test.names!.filter(name => name.startsWith('x'))).toEqual(few.test.names)
})

test('folder: a broken picture is skipped and reported, and the others are read', async () => {
  const folder = await folderOf({
    ...(await many('ok', 3)),
    'cut.png': broken,
    'empty.jpg': new Uint8Array(0),
    'text.webp': new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
  })
  const reported: string[] = []
  const data = await loadDataset(`folder:${folder}`, { onSkip: file => reported.push(file) })
  expect(names(data)).toEqual(['ok0.png', 'ok1.png', 'ok2.png'])
  expect(data.skipped.map(({ file }) => file)).toEqual(['cut.png', 'empty.jpg', 'text.webp'])
  expect(data.skipped[0].reason).toBe('damaged or truncated image')
  expect(data.skipped[1].reason).toBe('the file is empty')
  expect(data.skipped[2].reason).toBe('not a PNG, JPEG, WebP or GIF image')
  expect(reported.sort()).toEqual(['cut.png', 'empty.jpg', 'text.webp'])
})

test('folder: none, a missing one, a file, and one of broken pictures only are different errors', async () => {
  const none = await folderOf({ 'a.txt': Uint8Array.of(1) })
  await expect(loadDataset(`folder:${none}`)).rejects.toThrow(`no image in ${none}: looked for .png, .jpg`)
  await expect(loadDataset(`folder:${none}/b`)).rejects.toThrow(`no folder at ${none}/b`)
  await expect(loadDataset(`folder:${none}/a.txt`)).rejects.toThrow('is a file')
  const bad = await folderOf({ 'a.png': broken, 'b.png': new Uint8Array(0) })
  await expect(loadDataset(`folder:${bad}`)).rejects.toThrow(
    /every image in .* is broken, 2 in all: a\.png \(/,
  )
  const half = await folderOf({ ...(await many('train/', 2)), 'test/a.png': broken })
  await expect(loadDataset(`folder:${half}`)).rejects.toThrow(`every image in ${half}/test is broken`)
})

test('folder: a link to a folder above does not go round for ever', async () => {
  const folder = await folderOf(await many('sub/', 2))
  await symlink(folder, join(folder, 'sub/up'))
  expect(names(await loadDataset(`folder:${folder}`))).toEqual(['sub/0.png', 'sub/1.png'])
})

test('a picture is cut around its centre to fill the square', async () => {
  // Green, 20 wide, between red margins of 10 each: a 40 x 20 picture whose middle square is all green.
  const row = [...Array(40).keys()].flatMap(x => (x < 10 || x >= 30 ? [255, 0, 0] : [0, 255, 0]))
  const raw = Buffer.from(Array.from({ length: 20 }, () => row).flat())
  const png = await sharp(raw, { raw: { width: 40, height: 20, channels: 3 } })
    .png()
    .toBuffer()
  expect(await decodeImage(png, 20, 3)).toEqual(
    Uint8Array.from({ length: 1200 }, (_, i) => ((i >> 4) % 75 >= 25 && (i >> 4) % 75 < 50 ? 255 : 0)),
  )
})

test('transparency is composited on white, and of an animation the first frame is read', async () => {
  const half = await decodeImage(await flat('rgba(255, 0, 0, 0.5)'), 8, 3)
  // 255 over white stays; 0 at half opacity leaves half of white, to the rounding of alpha (128 / 255).
  expect([half[0], half[64], half[128]]).toEqual([255, 127, 127])
  expect(new Set(await decodeImage(await flat('rgba(0, 0, 0, 0)', 'webp'), 8, 3))).toEqual(new Set([255]))
  const frames = Buffer.concat([Buffer.alloc(8 * 8 * 3, 0), Buffer.alloc(8 * 8 * 3, 255)])
  const gif = await sharp(frames, { raw: { width: 8, height: 16, channels: 3, pageHeight: 8 } })
    .gif()
    .toBuffer()
  expect((await sharp(gif).metadata()).pages).toBe(2)
  expect(new Set(await decodeImage(gif, 8, 3))).toEqual(new Set([0]))
})

test('16-bit, grey, grey with alpha, palette and CMYK pictures decode to the same bytes', async () => {
  const grey = Buffer.from(Uint8Array.from({ length: 64 }, (_, i) => i * 4))
  const source = () => sharp(grey, { raw: { width: 8, height: 8, channels: 1 } })
  const kinds = {
    grey: source().toColourspace('b-w').png(),
    alpha: source().toColourspace('b-w').ensureAlpha().png(),
    palette: source().png({ palette: true, colours: 256, dither: 0 }),
    deep: source().toColourspace('rgb16').png(),
  }
  for (const [kind, pipeline] of Object.entries(kinds)) {
    const bytes = await pipeline.toBuffer()
    expect([...(await decodeImage(bytes, 8, 1))], kind).toEqual([...grey])
    expect([...(await decodeImage(bytes, 8, 3))], kind).toEqual([...grey, ...grey, ...grey])
  }
  const cmyk = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#ffffff' } })
    .toColourspace('cmyk')
    .jpeg()
    .toBuffer()
  expect(await decodeImage(cmyk, 8, 3)).toHaveLength(192)
})

test('formats are told by their first bytes', async () => {
  for (const format of ['png', 'jpeg', 'webp', 'gif'] as const) {
    expect(imageFormat(await flat('#fff', format))).toBe(format)
  }
  expect(imageFormat(Uint8Array.of(0x42, 0x4d, 1, 2))).toBeUndefined()
})

test('zip: the same data as the folder it unpacks to, with or without a folder around everything', async () => {
  const files = { ...(await many('cat/', 5)), ...(await many('dog/', 5)), 'cat/bad.png': broken }
  const litter = { 'cat/._0.png': broken, '.DS_Store': broken, 'empty/': new Uint8Array(0) }
  const wrapped = Object.fromEntries(Object.entries(files).map(([path, bytes]) => [`pets/${path}`, bytes]))
  const { name, ...expected } = await loadDataset(`folder:${await folderOf(files)}`)
  for (const entries of [
    { ...files, ...litter },
    { ...wrapped, '__MACOSX/pets/cat/0.png': broken },
  ]) {
    const { name, ...data } = await loadDataset(`zip:${await zipOf(entries)}`)
    expect(data).toEqual(expected)
  }
})

/** A zip of one stored or deflated entry whose directory says something else. */
function lyingZip(
  bytes: Uint8Array,
  patch: (view: DataView, central: number) => void,
  level: 0 | 6 = 6,
): Uint8Array {
  const zip = zipSync({ 'a.png': bytes }, { level })
  const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength)
  patch(view, view.getUint32(zip.length - 22 + 16, true))
  return zip
}

test('zip: an entry that claims more than 64 MB, or more or less than it holds, is refused unallocated', async () => {
  const read = (zip: Uint8Array) => readZipEntry(zip, readZipDirectory(zip)[0])
  const content = new Uint8Array(5000).fill(3)
  const size = (bytes: number) => (view: DataView, at: number) => view.setUint32(at + 24, bytes, true)
  expect(read(lyingZip(content, () => {}))).toEqual(Buffer.from(content))
  expect(() => read(lyingZip(content, size(0xfffffffe)))).toThrow(
    'claims 4294967294 bytes unpacked, images of up to',
  )
  expect(() => read(lyingZip(content, size(60e6)))).toThrow('compressed bytes can hold')
  expect(() => read(lyingZip(content, size(5001)))).toThrow('claims 5001 bytes unpacked, but holds 5000')
  expect(() => read(lyingZip(content, size(100)))).toThrow('cannot be unpacked to the 100 bytes it claims')
  expect(() => read(lyingZip(content, size(100), 0))).toThrow('claims 100 bytes unpacked, but holds 5000')
  expect(() => read(lyingZip(content, (view, at) => view.setUint32(at + 20, 1e6, true)))).toThrow(
    'is truncated',
  )
  expect(() => read(lyingZip(content, (view, at) => view.setUint32(at + 42, 1e6, true)))).toThrow(
    'is not where',
  )
  expect(() => read(lyingZip(content, (view, at) => view.setUint16(at + 8, 1, true)))).toThrow('is encrypted')
  expect(() => read(lyingZip(content, (view, at) => view.setUint16(at + 10, 99, true)))).toThrow(
    'by method 99',
  )
})

test('zip: a lying entry is skipped with its reason, the others are read', async () => {
  const files = await many('ok', 3)
  const zip = zipSync({ 'a.png': broken, ...files })
  const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength)
  view.setUint32(view.getUint32(zip.length - 6, true) + 24, 3e9, true)
  const data = await loadDataset(`zip:${await zipOf(zip)}`)
  expect(names(data)).toEqual(['ok0.png', 'ok1.png', 'ok2.png'])
  expect(data.skipped).toEqual([
    { file: 'a.png', reason: expect.stringContaining('claims 3000000000 bytes') },
  ])
})

test('zip: sizes and positions in ZIP64 fields are read', async () => {
  const zip = zipSync({ 'a.png': Uint8Array.of(1, 2, 3) }, { level: 0 })
  const view = new DataView(zip.buffer)
  const central = view.getUint32(zip.length - 6, true)
  // The entry with its sizes and offset moved to extra field 1, and the two ZIP64 end records.
  const entry = new Uint8Array(46 + 5 + 28)
  entry.set(zip.subarray(central, central + 51))
  const wide = new DataView(entry.buffer)
  for (const at of [20, 24, 42]) wide.setUint32(at, 0xffffffff, true)
  wide.setUint16(30, 28, true)
  wide.setUint16(51, 1, true)
  wide.setUint16(53, 24, true)
  for (const at of [55, 63]) wide.setBigUint64(at, 3n, true)
  const end = new Uint8Array(56 + 20 + 22)
  const ends = new DataView(end.buffer)
  ends.setUint32(0, 0x06064b50, true)
  ends.setBigUint64(32, 1n, true)
  ends.setBigUint64(48, BigInt(central), true)
  ends.setUint32(56, 0x07064b50, true)
  ends.setBigUint64(64, BigInt(central + entry.length), true)
  ends.setUint32(76, 0x06054b50, true)
  ends.setUint16(86, 0xffff, true)
  ends.setUint32(92, 0xffffffff, true)
  const zip64 = Uint8Array.of(...zip.subarray(0, central), ...entry, ...end)
  const [read] = readZipDirectory(zip64)
  expect(read).toMatchObject({ path: 'a.png', compressed: 3, uncompressed: 3, offset: 0 })
  expect([...readZipEntry(zip64, read)]).toEqual([1, 2, 3])
})

test('zip: what is no zip, cut, missing or without images is an error that says so', async () => {
  const good = zipSync(await many('a', 3))
  await expect(loadDataset(`zip:${await zipOf(good.subarray(0, good.length - 9))}`)).rejects.toThrow(
    'not a zip file, or truncated',
  )
  await expect(loadDataset(`zip:${base}/none.zip`)).rejects.toThrow(`no zip file at ${base}/none.zip`)
  const text = await zipOf({ 'a.txt': Uint8Array.of(1) })
  await expect(loadDataset(`zip:${text}`)).rejects.toThrow(`no image in ${text}: looked for .png`)
  const headless = Uint8Array.from(good)
  headless.set([0xff, 0xff, 0], headless.length - 6)
  expect(() => readZipDirectory(headless, 'h.zip')).toThrow('h.zip: damaged zip file, directory entry 1 of 3')
})
