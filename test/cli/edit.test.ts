/** `coppice edit`: every guide as a command, what its pictures say of themselves, and what is said of a wrong call. */

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decode } from 'fast-png'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadDataset } from '../../src/data/load.ts'
import { decodePngText } from '../../src/report/png.ts'
import { coppice } from './call.ts'
import { drawing, pngOf, redStrokes, small, writeJudges, writePictures, writeRun } from './small-runs.ts'

let folder: string
let data: string
const at = (name: string) => join(folder, name)
const striped = Float32Array.from({ length: 64 }, (_, i) => ((i >> 3) % 4 < 2 ? 1 : -1))

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-edit-'))
  data = await writePictures(at('pictures'))
  await writeRun(at('grey'), small, data)
  await writeRun(at('colour'), { ...small, channels: 3 }, data)
  await writeRun(at('of classes'), { ...small, condition: { kind: 'class', classes: 2 } }, data)
  await writeRun(at('of averages'), { ...small, condition: { kind: 'low-res', size: 4 } }, data)
  await writeRun(at('homeless'), small, 'folder:/nowhere')
  const widths = { widths: [4], depth: 1, classes: ['dark', 'light'] }
  await writeRun(at('classifier'), { model: 'classifier', size: 8, channels: 1, ...widths }, data)
  await writeJudges(at('judges'))
  await writeFile(at('bands.png'), pngOf(striped, 1, 8))
  await writeFile(at('wide.png'), drawing(...new Array(8).fill('######..........')))
  await writeFile(at('black.png'), drawing('..', '..'))
  await writeFile(at('tiny.png'), pngOf(Float32Array.of(-1, 1, 1, -1), 1, 2))
  await writeFile(at('strokes.png'), redStrokes())
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Runs `coppice edit` into a folder of its own. */
let calls = 0
async function edit(run: string, ...args: string[]) {
  const out = at(`out ${calls++}`)
  const { code, stdout, stderr } = await coppice(
    'edit',
    ...[at(run), ...args, '--out', out, '--threads', '1', '--json'],
  )
  const json: Record<string, unknown> = stdout ? JSON.parse(stdout.trimEnd().split('\n').at(-1)!) : {}
  return { code, stdout, stderr, out, json }
}

/** Images of a result, in 0 … 255. */
async function imagesIn(out: string): Promise<number[][]> {
  const names = (await readdir(out)).filter(name => /^\d+\.png$/.test(name)).sort()
  return Promise.all(names.map(async name => Array.from(decode(await readFile(join(out, name))).data)))
}

/** Cells of a sheet, row by row, each of 8×8 pixels: of the first channel, in 0 … 255. */
async function cellsOf(out: string): Promise<number[][][]> {
  const { width, height, channels, data } = decode(await readFile(join(out, 'grid.png')))
  const [columns, rows] = [width, height].map(length => (length - 2) / 66)
  const at = (i: number, pixel: number) => 2 + i * 66 + pixel * 8
  return Array.from({ length: rows }, (_, r) =>
    Array.from({ length: columns }, (_, c) =>
      Array.from({ length: 64 }, (_, i) => data[(at(r, i >> 3) * width + at(c, i % 8)) * channels]),
    ),
  )
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b) / values.length
const half = (image: readonly number[], side: 'left' | 'right') =>
  mean(image.filter((_, i) => i % 8 < 4 === (side === 'left')))

describe('every guide as a command', () => {
  const judge = (name: string) => ['--judge', at(`judges/${name}.json`)]
  const commands: [run: string, ...args: string[]][] = [
    ['grey', '--guide', 'reconstruct'],
    ['grey', '--guide', 'reconstruct', '--norm', 'l1'],
    ['grey', '--guide', 'super-resolve', '--factor', '4'],
    ['grey', '--guide', 'inpaint', '--mask', 'left'],
    ['colour', '--guide', 'colourise'],
    ['grey', '--guide', 'denoise', '--sigma', '0.2'],
    ['grey', '--guide', 'low-bit', '--levels', '2'],
    ['colour', '--guide', 'edges'],
    ['grey', '--guide', 'style'],
  ]
  for (const [run, ...args] of commands)
    test(`${args.join(' ')} goes by the run's own test images where nothing else is said`, async () => {
      const { json, stderr, code, out } = await edit(run, ...args, '--count', '2', '--top', '2')
      expect([code, stderr]).toEqual([0, ''])
      expect(json).toMatchObject({ count: 2 })
      const { source } = JSON.parse(decodePngText(await readFile(join(out, 'grid.png'))).request)
      expect(source).toEqual({ data, split: 'test' })
    })

  test('class, by a number and by a name, one for all or one for each, and most certain', async () => {
    const asked = ['--guide', 'class', ...judge('classes')]
    /** How much brighter the right half is than the left. */
    const towards = async (...args: string[]) => {
      const { out, stderr } = await edit('grey', ...asked, ...args)
      expect(stderr).toBe('')
      return (await imagesIn(out)).map(image => half(image, 'right') - half(image, 'left'))
    }
    const [right] = await towards('--label', '1', '--count', '1')
    const [left] = await towards('--label', 'left', '--count', '1')
    expect(right).toBeGreaterThan(left)
    // As many results as there are labels, and of each as many as asked.
    expect(await towards('--label', 'right,left', '--each', '2')).toEqual([right, right, left, left])
    expect([right, left]).toContain((await towards('--certain', '--count', '1'))[0])
  })

  test('text, of which some words may be unknown; likeness; style by features; strokes', async () => {
    const text = ['--guide', 'text', ...judge('likeness'), '--text', 'red owl', '--text', 'red squirrel']
    const { json, stderr } = await edit('grey', ...text)
    expect(json).toMatchObject({ count: 2 })
    expect(stderr).toBe(`${at('judges/likeness.json')} does not know squirrel\n`)
    for (const args of [
      ['--guide', 'similar', ...judge('likeness'), '--count', '2'],
      ['--guide', 'style', ...judge('features'), '--count', '2'],
      ['--guide', 'strokes', '--overlay', at('strokes.png'), '--count', '2'],
    ])
      expect(await edit('colour', ...args)).toMatchObject({ code: 0, stderr: '', json: { count: 2 } })
  })

  test('several at once, by flags and by a file whose paths are its own', async () => {
    const left = ['--guide', 'inpaint', '--mask', 'right', '--weight', '2', '--layers', '0,1']
    const flags = await edit(
      'grey',
      ...left,
      '--guide',
      'class',
      ...judge('classes'),
      '--label',
      '1',
      '--by',
      'scores',
    )
    expect(flags.stderr).toBe('')
    const guides = [
      { guide: 'inpaint', mask: 'right', weight: 2, layers: [0, 1] },
      { guide: 'class', judge: 'classes.json', label: 1 },
    ]
    await writeFile(at('judges/several.json'), JSON.stringify({ by: 'scores', guides }))
    const file = await edit('grey', '--guides', at('judges/several.json'))
    expect(file.json).toMatchObject({ guideError: flags.json.guideError })
    expect(await imagesIn(file.out)).toEqual(await imagesIn(flags.out))
    expect(file.json.guides).toMatchObject([{ name: 'inpaint', weight: 2 }, { weight: 1 }])
  })
})

describe('results', () => {
  test('are a PNG each and a sheet, and a line of JSON', async () => {
    const { json, stdout, out } = await edit('colour', '--guide', 'reconstruct', '--count', '3')
    expect(stdout.trimEnd().split('\n')).toHaveLength(1)
    const names = ['000.png', '001.png', '002.png', 'grid.png']
    expect(json.files).toEqual(names.map(name => join(out, name)))
    expect((await readdir(out)).sort()).toEqual(names)
    expect(json.seconds).toBeGreaterThan(0)
    expect(decode(await readFile(join(out, '000.png')))).toMatchObject({ width: 8, height: 8, channels: 3 })
    // 3 columns of the picture, what the guide was told, and the result, 8 pixels enlarged to 64, with gaps of 2.
    expect(decode(await readFile(join(out, 'grid.png')))).toMatchObject({
      width: 3 * 66 + 2,
      height: 3 * 66 + 2,
    })
  })

  test('have the mean squared error that the guide says', async () => {
    const { json, out } = await edit('grey', '--guide', 'reconstruct', '--count', '3')
    const { test: images } = await loadDataset(data, { size: 8, channels: 1 })
    const errors = (await imagesIn(out)).map((image, n) =>
      mean(image.map((value, i) => ((value - images.pixels[n * 64 + i]) / 127.5) ** 2)),
    )
    // A PNG rounds to 1/127.5 and cuts off what lies outside.
    expect(json.guideError).toBeCloseTo(mean(errors), 1)
    const texts = await Promise.all(
      ['000.png', '001.png', '002.png'].map(async name => decodePngText(await readFile(join(out, name)))),
    )
    expect(mean(texts.map(text => Number(text.guideError)))).toBeCloseTo(json.guideError as number, 6)
  })

  test('say of themselves what made them, and the same command makes the same bytes', async () => {
    const red = [
      '--guide',
      'text',
      '--judge',
      at('judges/likeness.json'),
      '--text',
      "owl's red",
      '--weight',
      '2',
    ]
    const args = [...red, '--guide', 'denoise', '--layers', '1,0.5', '--images', '3,1', '--each', '2']
    const first = await edit('grey', ...args, '--top', '3', '--candidates', '3', '--strictness', '0.5,1')
    expect(first.stderr).toBe(`${at('judges/likeness.json')} does not know owls; did you mean owl?\n`)
    const before = await readFile(join(first.out, '001.png'))
    const text = decodePngText(before)
    expect(text).toMatchObject({
      Software: 'coppice 0.1.0',
      run: at('grey'),
      step: '7',
      seed: '0',
      result: '1',
    })
    expect(JSON.parse(text.request)).toMatchObject({ count: 4, each: 2, source: { data, images: [3, 1] } })
    // The words of a POSIX shell: quoted by ' or bare, a ' standing outside as \'.
    const words = text.command.match(/(?:'[^']*'|\\'|[^\s'\\])+/g)!
    const bare = words.map(word => word.replace(/'([^']*)'|\\(')/g, '$1$2'))
    expect(bare.slice(0, 2)).toEqual(['coppice', 'edit'])
    await rm(first.out, { recursive: true })
    expect((await coppice(...bare.slice(1))).code).toBe(0)
    expect((await readFile(join(first.out, '001.png'))).equals(before)).toBe(true)
  })

  test('of the same picture are made in turn by --each, and --images chooses the pictures', async () => {
    const inpaint = ['--guide', 'inpaint', '--mask', 'top']
    const all = await imagesIn((await edit('grey', ...inpaint, '--count', '4')).out)
    const some = await imagesIn((await edit('grey', ...inpaint, '--images', '3,1', '--each', '2')).out)
    expect(some).toEqual([all[3], all[3], all[1], all[1]])
    const { out } = await edit(
      'grey',
      '--guide',
      'class',
      '--judge',
      at('judges/classes.json'),
      '--label',
      '0,1',
      '--each',
      '2',
      '--top',
      '2',
    )
    const [a, b, c, d] = (await imagesIn(out)).map(image => half(image, 'left') - half(image, 'right'))
    expect(Math.min(a, b)).toBeGreaterThan(Math.max(c, d))
  })

  test('of a picture file go by its middle, with a note; a small one is what a larger is made of', async () => {
    const bands = await edit('colour', '--guide', 'reconstruct', '--input', at('bands.png'), '--count', '1')
    expect(bands.stderr).toBe('')
    const [[picture, told]] = await cellsOf(bands.out)
    expect(picture).toEqual(Array.from(striped, value => (value > 0 ? 255 : 0)))
    expect(told).toEqual(picture)
    const wide = await edit('grey', '--guide', 'denoise', '--input', at('wide.png'), '--count', '1')
    expect(wide.stderr).toBe(`${at('wide.png')} is 16×8; its middle was resized to 8×8\n`)
    const small = ['--guide', 'super-resolve', '--factor', '4', '--input', at('tiny.png'), '--count', '1']
    const large = await edit('grey', ...small)
    expect(large.stderr).toBe('')
    const [[, averages]] = await cellsOf(large.out)
    expect(averages).toEqual(Array.from({ length: 64 }, (_, i) => (i % 8 < 4 === i < 32 ? 0 : 255)))
  })

  test('of a mask of another size go by it resized, with a note', async () => {
    const { stderr, code } = await edit(
      'grey',
      '--guide',
      'inpaint',
      '--mask',
      at('wide.png'),
      '--count',
      '1',
    )
    expect(stderr).toBe(`${at('wide.png')} is 16×8; it was cut to the 8×8 in its middle and resized to 8×8\n`)
    expect(code).toBe(0)
  })

  test('of a conditional network follow what the pictures show, or what is asked for', async () => {
    const guide = ['--guide', 'inpaint', '--mask', 'left']
    const { test: images } = await loadDataset(data, { size: 8, channels: 1 })
    const chosen = ['--images', [0, 1].map(label => images.labels!.indexOf(label)).join(',')]
    const told = async (...condition: string[]) => {
      const { stderr, out } = await edit('of classes', ...guide, ...chosen, ...condition)
      expect(stderr).toBe('')
      return imagesIn(out)
    }
    const own = await told()
    expect(await told('--condition', '0,1')).toEqual(own)
    const [first, second] = await told('--condition', '1')
    expect(first).not.toEqual(own[0])
    expect(second).toEqual(own[1])
    // A picture's number, and its file.
    const picture = await edit('of averages', ...guide, '--images', '2,5', '--condition', '5')
    const self = await edit('of averages', ...guide, '--images', '2,5')
    const [, , [own2, own5]] = await cellsOf(self.out)
    expect(own2).not.toEqual(own5)
    expect((await cellsOf(picture.out))[2]).toEqual([own5, own5])
    expect((await imagesIn(picture.out))[1]).toEqual((await imagesIn(self.out))[1])
    const file = await edit(
      'of averages',
      ...guide,
      '--images',
      '2',
      '--count',
      '1',
      '--condition',
      at('bands.png'),
    )
    expect([file.code, file.stderr]).toEqual([0, ''])
  })
})

describe('a wrong call ends with 2 and says what is right', () => {
  const cases: [name: string, args: string[], message: RegExp][] = [
    ['no guide', [], /^no guide is given; give --guide with one of reconstruct, .*, or --guides FILE$/],
    ['an unknown guide', ['--guide', 'inpant'], /'inpant' is invalid\. .*did you mean inpaint\?/],
    [
      'a flag before its guide',
      ['--mask', 'left'],
      /^--mask says more about a guide: give it after a --guide$/,
    ],
    ['certain before its guide', ['--certain'], /^--certain says more about a guide/],
    [
      'a flag of another guide',
      ['--guide', 'class', '--mask', 'left'],
      /^the guide class has no --mask; what it takes is --judge, --label, --certain, --weight, --layers$/,
    ],
    [
      'a flag that is missing',
      ['--guide', 'inpaint'],
      /^the guide inpaint needs --mask <name> \(what is hidden: left, /,
    ],
    [
      'a class without a label',
      ['--guide', 'class', '--judge', 'j'],
      /^the guide class needs --label <label>, or --certain$/,
    ],
    [
      'a number that is none',
      ['--guide', 'denoise', '--sigma', 'much'],
      /^--guide denoise: sigma is "much"; it must be a number$/,
    ],
    ['a name that is none', ['--guide', 'reconstruct', '--norm', 'l3'], /^--guide reconstruct: norm is "l3"/],
    ['flags and a file', ['--guide', 'edges', '--guides', 'x.json'], /two ways to say it; give one of them$/],
    ['a file that is missing', ['--guides', 'none.json'], /^--guides none\.json: no such file$/],
    [
      'two sources',
      ['--guide', 'edges', '--input', 'x.png', '--data', 'digits'],
      /^--input is one picture, and --data chooses others/,
    ],
    [
      'a choice of one picture',
      ['--guide', 'edges', '--input', 'x.png', '--images', '1'],
      /and --images chooses others/,
    ],
    [
      'two ways to pick',
      ['--guide', 'edges', '--top', '2', '--temperature', '1'],
      /^--top and --temperature are two ways to pick/,
    ],
    [
      'an uneven count',
      ['--guide', 'edges', '--count', '8', '--each', '3'],
      /^--count 8 is no multiple of --each 3$/,
    ],
    [
      'pictures that are no numbers',
      ['--guide', 'edges', '--images', '1,x'],
      /'1,x' is invalid\. Give whole numbers with commas/,
    ],
    ['strictness beyond 1', ['--guide', 'edges', '--strictness', '0,2'], /Give numbers from 0 to 1/],
  ]
  for (const [name, args, message] of cases)
    test(name, async () => {
      const { code, stderr, stdout } = await coppice('edit', 'nowhere', ...args)
      expect(stderr.trimEnd()).toMatch(message)
      expect(stderr.trimEnd()).not.toContain('\n')
      expect([code, stdout]).toEqual([2, ''])
    })

  test('a file that is no JSON, or no guide', async () => {
    await writeFile(at('broken.json'), '{')
    await writeFile(at('wrong.json'), JSON.stringify({ guides: [{ guide: 'inpaint', maks: 'left' }] }))
    const said = async (name: string) => (await coppice('edit', 'x', '--guides', at(name))).stderr
    expect(await said('broken.json')).toMatch(/broken\.json: .*JSON/)
    expect(await said('wrong.json')).toMatch(/wrong\.json: .*guides\.0\.mask is missing/)
  })
})

describe('what goes wrong later ends with 1', () => {
  const judge = (name: string) => ['--judge', at(`judges/${name}.json`)]
  const wrong = async (run: string, args: string[], message: string | RegExp) => {
    const { code, stderr, stdout, out } = await edit(run, ...args)
    if (typeof message === 'string') expect(stderr).toBe(`${message}\n`)
    else expect(stderr.trimEnd()).toMatch(message)
    expect([code, stdout]).toEqual([1, ''])
    await expect(readdir(out)).rejects.toThrow('ENOENT')
  }

  test('a run that is none, or no DDN', async () => {
    await wrong('nothing', ['--guide', 'reconstruct'], /holds no run: there is no config\.json in it$/)
    await wrong(
      'classifier',
      ['--guide', 'reconstruct'],
      /holds a classifier, and a Discrete Distribution Network is wanted here/,
    )
  })

  test("the run's own pictures are gone, or fewer than asked for", async () => {
    await wrong(
      'homeless',
      ['--guide', 'reconstruct'],
      "no folder at /nowhere: check the path (these are the run's own data; give other pictures with --data or --input)",
    )
    await wrong(
      'grey',
      ['--guide', 'edges', '--count', '500'],
      /^idx:.* has \d+ test images, not 500; ask for fewer/,
    )
    await wrong(
      'grey',
      ['--guide', 'edges', '--images', '99', '--data', data],
      /numbered from 0; there is no 99$/,
    )
  })

  test('pictures that cannot be read', async () => {
    await wrong('grey', ['--guide', 'edges', '--input', at('none.png')], `there is no file ${at('none.png')}`)
    await wrong(
      'grey',
      ['--guide', 'edges', '--input', at('judges/classes.json')],
      /classes\.json: not a PNG, JPEG/,
    )
  })

  test('masks that are unknown, or hide nothing', async () => {
    await wrong(
      'grey',
      ['--guide', 'inpaint', '--mask', 'lef'],
      /^unknown mask lef; did you mean left\? Valid are left, right/,
    )
    await wrong(
      'grey',
      ['--guide', 'inpaint', '--mask', at('black.png')],
      /black\.png hides nothing of 8×8 pixels/,
    )
    await wrong(
      'grey',
      ['--guide', 'inpaint', '--mask', at('none.png')],
      `there is no file ${at('none.png')}`,
    )
  })

  test('a network that paints no colours has none to give', async () => {
    await wrong(
      'grey',
      ['--guide', 'colourise'],
      'colourise: the network paints grey images; it needs one that paints RGB',
    )
  })

  test('judges that are missing, beside the point, or broken', async () => {
    const label = ['--guide', 'class', '--label', '1']
    await wrong(
      'grey',
      [...label, '--judge', 'none.json'],
      /^there is no file none\.json, and none of that name among Coppice's own models, in .*models/,
    )
    await wrong(
      'grey',
      [...label, ...judge('features')],
      /read as features; a class needs an output read as logits or probabilities$/,
    )
    await wrong(
      'grey',
      [...label, ...judge('nan')],
      /nan\.json answered image \d+ of \d+ with what is no number \(NaN\); its range/,
    )
    await wrong(
      'grey',
      ['--guide', 'class', ...judge('classes'), '--label', '2'],
      /has 2 classes, numbered from 0 to 1; there is no 2$/,
    )
    await wrong(
      'grey',
      ['--guide', 'class', ...judge('classes'), '--label', 'lefd'],
      /knows no class lefd; did you mean left\?/,
    )
    await wrong(
      'grey',
      ['--guide', 'text', ...judge('likeness'), '--text', 'rde zzz'],
      /knows no word of the text "rde zzz"; did you mean red\?$/,
    )
  })

  test('conditions that the network does not know, or lacks', async () => {
    const left = ['--guide', 'inpaint', '--mask', 'left']
    const text = ['--guide', 'text', ...judge('likeness'), '--text', 'owl']
    await wrong(
      'grey',
      [...left, '--condition', '1'],
      'condition 1: this network was trained without one; leave it out',
    )
    await wrong('of classes', text, 'this network is told a class; give a condition: a label from 0 to 1')
    await wrong(
      'of classes',
      [...left, '--input', at('bands.png')],
      /told a class, and these pictures have no labels; give a condition/,
    )
    await wrong('of classes', [...left, '--condition', '2'], 'condition: label 2 is none of 0 to 1')
    await wrong('of classes', [...left, '--condition', 'light'], 'condition light: give a label from 0 to 1')
    await wrong(
      'of averages',
      text,
      /^this network is told the low resolution of a picture; give a condition: a picture's file, or its number in the data$/,
    )
    await wrong(
      'of averages',
      [...left, '--condition', '0,1,2', '--count', '2'],
      'condition: 3 are given for 2 pictures; give one, or one for each',
    )
    await wrong('of averages', [...left, '--condition', 'none.png'], 'there is no file none.png')
  })
})

test('Ctrl-C ends with 130 and leaves nothing', async () => {
  const before = process.listenerCount('SIGINT')
  const ended = edit('grey', '--guide', 'reconstruct', '--count', '16')
  while (process.listenerCount('SIGINT') === before) await new Promise(setImmediate)
  process.emit('SIGINT')
  const { stdout, stderr, out } = await ended
  try {
    expect(process.exitCode).toBe(130)
  } finally {
    process.exitCode = undefined
  }
  expect([stdout, stderr]).toEqual(['', 'Stopping.\n'])
  await expect(readdir(out)).rejects.toThrow('ENOENT')
  expect(process.listenerCount('SIGINT')).toBe(before)
})
