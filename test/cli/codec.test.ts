/** `coppice encode` and `coppice decode`: what they print and write, and names from a file that nobody vouches for. */

import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decode as decodePng, encode as encodePng } from 'fast-png'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DdnFile, writeDdn } from '../../src/codec/container.ts'
import { encodeImages } from '../../src/codec/encode.ts'
import { loadDataset } from '../../src/data/load.ts'
import { decodePngText } from '../../src/report/png.ts'
import { openRun } from '../../src/train/run.ts'
import { coppice } from './call.ts'
import { small, writePictures, writeRun } from './small-runs.ts'

let folder: string
let data: string
const at = (name: string) => join(folder, name)
const bytesOf = async (name: string) => new Uint8Array(await readFile(at(name)))

/** A PNG file of one colour with an alpha. */
const plain = (width: number, height: number, [r, g, b, a]: number[]) =>
  encodePng({
    width,
    height,
    channels: 4,
    data: Uint8Array.from({ length: 4 * width * height }, (_, i) => [r, g, b, a][i % 4]),
  })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-codec-'))
  data = await writePictures(at('pictures'))
  await writeRun(at('grey'), small, data)
  await writeRun(at('colour'), { ...small, channels: 3 }, data)
  await writeRun(at('of classes'), { ...small, condition: { kind: 'class', classes: 2 } }, data)
  await mkdir(at('photos/summer'), { recursive: true })
  await writeFile(at('photos/wide.png'), plain(20, 9, [255, 0, 0, 255]))
  await writeFile(at('photos/summer/clear.png'), plain(3, 3, [0, 0, 0, 0]))
  await writeFile(at('photos/broken.png'), 'no picture')
  await writeFile(at('photos/notes.txt'), 'no picture either')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Runs a command with one thread and a result as JSON. */
async function call(...args: string[]) {
  const { code, stdout, stderr } = await coppice(...args, '--threads', '1', '--json')
  return { code, stderr, json: stdout ? JSON.parse(stdout.trimEnd().split('\n').at(-1)!) : {} }
}

describe('encode', () => {
  test('of a data set says what the codes, the header and the file take, and how near they come', async () => {
    const args = ['--data', data, '--split', 'test', '--count', '9', '--out', at('nine.ddn')]
    const { json, stderr } = await call('encode', at('grey'), ...args)
    expect(stderr).toBe('')
    const bytes = await bytesOf('nine.ddn')
    const { headerBytes } = DdnFile.open(bytes)
    // 3 codes of 4: 6 bits an image, 54 in all.
    expect(json).toEqual({
      images: 9,
      tiles: 9,
      bytes: headerBytes + 7,
      headerBytes,
      bitsPerImage: 6,
      rawBitsPerImage: 6,
      fileBitsPerImage: (8 * bytes.length) / 9,
      mse: expect.any(Number),
      prior: 'none',
      out: at('nine.ddn'),
    })
    const again = await call('reconstruct', at('grey'), '--data', data, '--count', '9')
    expect(json.mse).toBeCloseTo(again.json.mse, 7)
  })

  test("takes the run's own data where nothing is named, and a prior that learned from them", async () => {
    const { json } = await call('encode', at('grey'), '--prior', 'markov', '--out', at('own.ddn'))
    const { test: images } = await loadDataset(data, { size: 8, channels: 1 })
    expect(json).toMatchObject({ images: images.count, prior: 'markov', rawBitsPerImage: 6 })
    const { code, json: back } = await call('decode', at('grey'), at('own.ddn'), '--out', at('own'))
    expect(code).toBe(0)
    expect(back.images).toBe(images.count)
  })

  test('takes pictures and folders of them at their own sizes, and names those that are broken', async () => {
    const args = ['--input', at('photos'), at('photos/wide.png'), '--out', at('photos.ddn')]
    const { json, stderr } = await call('encode', at('colour'), ...args)
    expect(stderr).toMatch(/^skipped .*broken\.png: not a PNG, JPEG, WebP or GIF image\n$/)
    // 20×9 in tiles of 8 that share 2 pixels: 3 in a row, 2 rows.
    expect(json).toMatchObject({ images: 3, tiles: 1 + 6 + 6 })
    const file = DdnFile.open(await bytesOf('photos.ddn'))
    expect(file.header).toMatchObject({ channels: 3, names: ['summer/clear.png', 'wide.png', 'wide.png'] })
    const out = at('photos again')
    const { json: back } = await call('decode', at('colour'), at('photos.ddn'), '--out', out)
    const files = ['summer/clear.png', 'wide.png', 'wide-2.png'].map(name => join(out, name))
    expect(back).toEqual({ images: 3, files })
    expect(decodePng(await readFile(files[1]))).toMatchObject({ width: 20, height: 9, channels: 3 })
    expect(decodePng(await readFile(files[0]))).toMatchObject({ width: 3, height: 3, channels: 3 })
  })

  test('puts what is transparent on white, and makes grey of colour for a grey network', async () => {
    const { json } = await call('encode', at('grey'), '--input', at('photos'), '--out', at('on-white.ddn'))
    const run = await openRun(at('grey'), { threads: 1 })
    // Rec. 601 luminance of red is 76 of 255.
    const flat = (width: number, height: number, byte: number) => ({
      width,
      height,
      data: new Float32Array(width * height).fill(byte / 127.5 - 1),
    })
    const expected = await encodeImages(run.model, [
      { ...flat(3, 3, 255), name: 'summer/clear.png' },
      { ...flat(20, 9, 76), name: 'wide.png' },
    ])
    await run.close()
    expect(await bytesOf('on-white.ddn')).toEqual(expected.bytes)
    expect(json.mse).toBeCloseTo((9 * expected.mse[0] + 180 * expected.mse[1]) / 189, 9)
  })

  test('with a beam comes nearer or as near', async () => {
    const error = async (beam: string) =>
      (await call('encode', at('grey'), '--count', '8', '--beam', beam, '--out', at('beam.ddn'))).json.mse
    expect(await error('4')).toBeLessThanOrEqual(await error('1'))
  })

  test('says what is wrong with a call', async () => {
    const wrong: [string[], number, string][] = [
      [
        ['--input', at('photos'), '--count', '3'],
        2,
        '--input names the pictures, and --count is of a data set',
      ],
      [['--input', at('nowhere.png')], 1, `--input ${at('nowhere.png')}: no such file or folder`],
      [['--input', at('photos/broken.png')], 1, 'broken.png: not a PNG, JPEG, WebP or GIF image'],
      [['--input', at('grey')], 1, 'no picture there that can be read'],
      [['--prior', 'markow'], 2, 'did you mean markov?'],
    ]
    for (const [args, exit, sentence] of wrong) {
      const { code, stderr } = await call('encode', at('grey'), ...args, '--out', at('wrong.ddn'))
      expect([code, stderr]).toEqual([exit, expect.stringContaining(sentence)])
    }
    const { code, stderr } = await call('encode', at('of classes'), '--out', at('wrong.ddn'))
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining('this network is told class besides its codes'),
    ])
    expect(await readdir(folder)).not.toContain('wrong.ddn')
  })
})

describe('decode', () => {
  beforeAll(() => call('encode', at('grey'), '--count', '12', '--out', at('twelve.ddn')))

  test('writes pictures by their numbers, with how they were made', async () => {
    const out = at('some')
    const { json } = await call('decode', at('grey'), at('twelve.ddn'), '--images', '3-5', '--out', out)
    expect(json).toEqual({ images: 3, files: ['003', '004', '005'].map(name => join(out, `${name}.png`)) })
    const png = await readFile(join(out, '004.png'))
    expect(decodePng(png)).toMatchObject({ width: 8, height: 8, channels: 1 })
    expect(decodePngText(png)).toEqual({
      Software: 'coppice 0.1.0',
      run: at('grey'),
      step: '7',
      file: at('twelve.ddn'),
      image: '4',
      command: `coppice decode ${at('grey')} ${at('twelve.ddn')} --images 4 --out ${out}`,
    })
  })

  test('shows what some bits tell: none of them grey', async () => {
    const out = at('preview')
    await call('decode', at('grey'), at('twelve.ddn'), '--images', '0', '--bits', '0', '--out', out)
    const png = await readFile(join(out, '000.png'))
    expect(new Set(decodePng(png).data)).toEqual(new Set([128]))
    expect(decodePngText(png).bits).toBe('0')
  })

  test('recovers what is whole', async () => {
    const run = await openRun(at('grey'), { threads: 1 })
    const pictures = Array.from({ length: 6 }, () => ({ width: 8, height: 8, data: new Float32Array(64) }))
    const { bytes } = await encodeImages(run.model, pictures, { blockImages: 2 })
    await run.close()
    await writeFile(at('cut.ddn'), bytes.subarray(0, -1))
    const plain = await call('decode', at('grey'), at('cut.ddn'), '--out', at('cut'))
    expect([plain.code, plain.stderr]).toEqual([1, expect.stringContaining('cut.ddn: the file is cut short')])
    const { json, stderr } = await call('decode', at('grey'), at('cut.ddn'), '--recover', '--out', at('cut'))
    const reason = 'it is cut short, 1 of 2 bytes are there'
    expect(json).toMatchObject({ images: 4, damaged: [{ block: 2, from: 4, to: 5, reason }] })
    expect(stderr).toBe(`damaged: block 2, images 4 to 5: ${reason}\n`)
    const none = await call(
      'decode',
      at('grey'),
      at('cut.ddn'),
      '--recover',
      '--images',
      '4',
      '--out',
      at('cut'),
    )
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('none of its blocks can be read')])
  })

  describe('of names that lead elsewhere', () => {
    const names = ['../out.png', '/abs.png', 'a\0b', 'C:\\x', 'CON', 'x.png', 'X.PNG', 'x.png/y', 'links/z']
    beforeAll(async () => {
      const run = await openRun(at('grey'), { threads: 1 })
      const pictures = names.map(name => ({ width: 8, height: 8, data: new Float32Array(64), name }))
      await writeFile(at('hostile.ddn'), (await encodeImages(run.model, pictures)).bytes)
      await run.close()
    })

    test('stays in its folder', async () => {
      const out = at('hostile/deep')
      const before = await readdir(folder)
      const { code, json } = await call('decode', at('grey'), at('hostile.ddn'), '--out', out)
      expect(code).toBe(0)
      const written = ['out', 'abs', 'a_b', 'C_/x', '_CON', 'x', 'X-2', 'x.png_/y', 'links/z']
      expect(json.files).toEqual(written.map(name => join(out, `${name}.png`)))
      expect(await readdir(at('hostile'))).toEqual(['deep'])
      expect((await readdir(folder)).filter(name => !before.includes(name))).toEqual(['hostile'])
    })

    test('follows no link out of its folder', async () => {
      await mkdir(at('linked'))
      await mkdir(at('elsewhere'))
      await symlink(at('elsewhere'), at('linked/links'))
      const { code, stderr } = await call('decode', at('grey'), at('hostile.ddn'), '--out', at('linked'))
      expect([code, stderr]).toEqual([1, expect.stringContaining('links is no folder, but a file or a link')])
      expect(await readdir(at('elsewhere'))).toEqual([])
    })
  })

  test('says what is wrong with a file or a call', async () => {
    const { header } = DdnFile.open(await bytesOf('twelve.ddn'))
    const prior = { name: 'oracle', fingerprint: new Uint8Array(8) }
    await writeFile(at('oracle.ddn'), writeDdn({ ...header, prior }, [new Uint8Array(9)]))
    const wrong: [string, string[], number, string][] = [
      ['grey', [at('nowhere.ddn')], 1, 'nowhere.ddn: no such file'],
      ['grey', [at('photos/wide.png')], 1, 'this is no .ddn file'],
      [
        'grey',
        [at('oracle.ddn')],
        1,
        'it was coded with the prior oracle, and this Coppice has none, counts',
      ],
      ['colour', [at('twelve.ddn')], 1, 'it was encoded with the network'],
      ['grey', [at('twelve.ddn'), '--images', '5-12'], 2, 'twelve.ddn has the images 0 to 11'],
      ['grey', [at('twelve.ddn'), '--images', '5-3'], 2, 'Give a number, or the first and the last'],
    ]
    for (const [run, args, exit, sentence] of wrong) {
      const { code, stderr } = await call('decode', at(run), ...args, '--out', at('wrong'))
      expect([code, stderr]).toEqual([exit, expect.stringContaining(sentence)])
    }
    expect(await readdir(folder)).not.toContain('wrong')
  })
})
