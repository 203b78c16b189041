/** A gallery: its tasks as requests, the judges it asks, its strokes, and the page from results alone. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseHTML } from 'linkedom'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import * as shipped from '../../src/data/shipped.ts'
import type { Condition } from '../../src/ddn/condition.ts'
import { guideNames, parseGuideSpec, strokes } from '../../src/guides/index.ts'
import { decodeRgba } from '../../src/guides/rgba.ts'
import { editSheet } from '../../src/report/edit-sheet.ts'
import type { GalleryContents, GalleryTask } from '../../src/report/gallery-contents.ts'
import { judgesFor, missingJudge } from '../../src/report/gallery-judges.ts'
import { galleryPage } from '../../src/report/gallery-page.ts'
import { overlayPng, strokesOverlay } from '../../src/report/gallery-strokes.ts'
import { columnsOf, requestOf, type TaskContext } from '../../src/report/gallery-task.ts'
import { tasks } from '../../src/report/gallery-tasks.ts'
import { writeJudges } from '../cli/small-runs.ts'

const context: TaskContext = {
  channels: 3,
  data: 'digits',
  pictures: [4, 9, 30],
  labels: [7, 0, 1],
  seed: 5,
  judges: {
    classes: { file: 'classifier.json', names: ['0', '1'] },
    texts: { file: 'text-image.json' },
    likeness: { file: 'text-image.json' },
  },
  texts: ['red heart', 'flag'],
  overlay: 'strokes.png',
}

const task = (id: string) => tasks.find(one => one.id === id)!

describe('the tasks', () => {
  const conditions: (Condition | undefined)[] = [
    undefined,
    { kind: 'class', classes: 10 },
    { kind: 'edges' },
    { kind: 'low-res', size: 8 },
  ]

  test('have names of their own, ask for every guide, and are requests that can be carried out', () => {
    expect(new Set(tasks.map(({ id }) => id)).size).toBe(tasks.length)
    const asked = new Set<string>()
    for (const condition of conditions)
      for (const one of tasks) {
        const request = requestOf(one, { ...context, condition })
        for (const { guide } of parseGuideSpec(request.guides).guides) asked.add(guide)
        const { count, each = 1, source } = request
        if (one.columns === 'conditions' && condition?.kind !== 'class') continue
        expect(count / each, one.id).toBeGreaterThan(0)
        expect(count % each, one.id).toBe(0)
        expect(count, one.id).toBe(one.rows * columnsOf(one, { ...context, condition }))
        if (source && 'images' in source) expect([1, count / each], one.id).toContain(source.images!.length)
      }
    expect([...asked].sort()).toEqual([...guideNames].sort())
  })

  test('go by the pictures, or by one of them, or by none', () => {
    const images = (id: string, condition?: Condition) =>
      (requestOf(task(id), { ...context, condition }).source as { images?: number[] } | undefined)?.images
    expect(images('super-resolve')).toEqual([4, 9, 30])
    expect(images('diversity')).toEqual([9])
    expect(images('class')).toBeUndefined()
    // A picture that the network is told of is named by its number in the data.
    expect(images('class', { kind: 'edges' })).toEqual([4])
  })

  test('tell a conditional network what the pictures show, or what is said', () => {
    const told = (id: string, condition?: Condition) =>
      requestOf(task(id), { ...context, condition }).condition
    const classes: Condition = { kind: 'class', classes: 3 }
    const edges: Condition = { kind: 'edges' }
    expect(told('inpaint-left', classes)).toBeUndefined()
    // Judge and network mean the same class; of chance there is one for all.
    expect(told('class', classes)).toBe('0,1')
    expect(told('several-class', classes)).toBe('0,1')
    expect(told('strokes', classes)).toBe('7')
    expect(told('told-classes', classes)).toBe('0,1,2')
    expect(told('class', edges)).toBe('4')
    expect(told('several-class', edges)).toBeUndefined()
    expect(told('told', edges)).toBeUndefined()
    expect(told('told-other', edges)).toBe('4')
    for (const { id } of tasks) expect(told(id)).toBeUndefined()
  })

  test('are left to chance among the best two, but for a reconstruction', () => {
    expect(requestOf(task('reconstruct'), context)).toMatchObject({ pick: { rule: 'best' }, count: 3 })
    expect(requestOf(task('edges'), context)).toMatchObject({
      pick: { rule: 'top', of: 2 },
      candidates: 64,
      seed: 5,
      each: 2,
    })
  })
})

describe('the judges', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coppice-gallery-judges-'))
    await writeJudges(folder)
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))
  const options = { data: 'digits', columns: 2, runtime: { threads: 1 } }
  const file = (name: string) => join(folder, name)

  test('serve the tasks that their output can', async () => {
    const files = ['classes.json', 'likeness.json', 'features.json'].map(file)
    const { judges, texts } = await judgesFor(files, ['owl'], options)
    expect(judges).toEqual({
      classes: { file: file('classes.json'), names: ['left', 'right'] },
      likeness: { file: file('likeness.json') },
      texts: { file: file('likeness.json') },
      features: { file: file('features.json') },
    })
    expect(texts).toEqual(['owl'])
    const style = task('style').guides({ ...context, judges })
    expect(style).toEqual({ guide: 'style', judge: file('features.json') })
  })

  test('are asked only for usual texts whose words they know', async () => {
    expect((await judgesFor([file('likeness.json')], null, options)).texts).toEqual([])
  })

  test('must be there, whole, and one of a kind', async () => {
    await expect(judgesFor(['none.json'], null, options)).rejects.toThrow('there is no file none.json')
    const twice = [file('classes.json'), file('nan.json')]
    await expect(judgesFor(twice, null, options)).rejects.toThrow(
      `${twice[0]} and ${twice[1]} are both judges of classes; give one of them`,
    )
  })

  test("are the package's own for its data, where they are there and none is given", async () => {
    const find = vi.spyOn(shipped, 'findModel')
    try {
      find.mockResolvedValue(file('classes.json'))
      const { judges } = await judgesFor(null, null, options)
      expect(judges.classes?.file).toBe('classifier.json')
      find.mockRejectedValue(new Error('there is no file'))
      expect(await judgesFor(null, null, options)).toEqual({ judges: {}, texts: [] })
      find.mockClear()
      await judgesFor(null, null, { ...options, data: 'folder:birds' })
      expect(find).not.toHaveBeenCalled()
    } finally {
      find.mockRestore()
    }
  })

  test('that are missing are said with the commands that make them, where the data can teach them', () => {
    const labelled = { data: 'folder:my birds', labels: true, texts: false }
    const { reason, todo } = missingJudge('classes', 'runs/a', labelled)
    expect(reason).toBe('No judge was given that tells classes.')
    expect(todo).toEqual([
      "npx coppice train --model classifier --data 'folder:my birds' --out runs/classifier",
      'npx coppice export runs/classifier --out judge',
      'npx coppice gallery runs/a --judge judge/classifier.json',
    ])
    expect(missingJudge('texts', 'runs/a', labelled)).toEqual({
      reason: 'No judge was given that reads texts, and these data have no texts to train one on.',
      todo: [],
    })
    expect(missingJudge('classes', 'runs/a', { ...labelled, labels: false }).todo).toEqual([])
  })
})

test('the strokes leave something free and fit networks of any size and colour', () => {
  for (const channels of [1, 3] as const) {
    const overlay = decodeRgba(overlayPng(strokesOverlay(channels)), 'strokes.png')
    expect(
      Buffer.compare(Uint8Array.from(overlay.data), Uint8Array.from(strokesOverlay(channels).data)),
    ).toBe(0)
    for (const size of [8, 32, 100]) {
      const [map] = strokes(overlay, { channels, size }).measurement
      const weights = Array.from((map as { weights: Float32Array }).weights)
      const painted = weights.filter(weight => weight > 0).length / weights.length
      expect(painted).toBeGreaterThan(0.02)
      expect(painted).toBeLessThan(0.75)
    }
  }
})

describe('the sheet of an edit', () => {
  const one = (value: number) => new Float32Array(4).fill(value)
  const shape = { channels: 1 as const, size: 2 }
  /** The value in the middle of every cell, row by row: 0 black, 255 white. */
  const cells = (picture: { width: number; data: Uint8Array }, columns: number) =>
    Array.from({ length: (picture.data.length / picture.width - 2) / 66 }, (_, r) =>
      Array.from(
        { length: columns },
        (_, c) => picture.data[(2 + r * 66 + 32) * picture.width + 2 + c * 66 + 32],
      ),
    )

  test('has a column for every picture, with its results below', () => {
    const results = Float32Array.from([-1, 0, 1, 0.5].flatMap(value => Array.from(one(value))))
    const above = [Float32Array.from([...one(1), ...one(-1)]), one(0)]
    const sheet = editSheet({ above, results, count: 4, each: 2, ...shape })
    expect(cells(sheet, 2)).toEqual([
      [255, 0],
      [128, 128],
      [0, 255],
      [128, 191],
    ])
  })

  test('has one picture that serves all before its results', () => {
    const results = Float32Array.from([-1, 0, -1].flatMap(value => Array.from(one(value))))
    const sheet = editSheet({ above: [one(0)], results, count: 3, each: 1, ...shape })
    expect(cells(sheet, 2)).toEqual([
      [128, 255],
      [0, 128],
      [0, 255],
    ])
  })
})

describe('the page', () => {
  const picture = (name: string) => `data:image/png;base64,${btoa(name)}`
  const shownTask = (changes: Partial<GalleryTask>): GalleryTask => ({
    id: 'x',
    group: 'Part of the picture',
    title: 'Half of it',
    about: 'One half is known.',
    columns: 2,
    told: [{ name: 'known', cells: [{ picture: picture('a') }, { picture: picture('b') }] }],
    results: ['c', 'd', 'e', 'f'].map(picture),
    truth: ['g', 'h'].map(picture),
    error: { of: 'mean squared error', mean: 0.01234 },
    count: 4,
    seconds: 1.26,
    command: "npx coppice edit 'my run' --guide text --text 'a <b> & c'",
    ...changes,
  })
  const contents: GalleryContents = {
    run: 'my run',
    step: 12,
    trained: 'folder:/home/me/my <birds>',
    data: 'digits',
    size: 32,
    channels: 3,
    layers: 14,
    condition: null,
    pictures: [1, 2],
    seed: 3,
    tasks: [
      shownTask({}),
      shownTask({
        id: 'y',
        group: 'No picture',
        title: 'A text',
        told: [{ name: 'text', cells: [{ word: '<i>' }] }],
        truth: null,
      }),
      shownTask({ id: 'z', title: 'Other half' }),
    ],
    leftOut: [
      { id: 'p', title: 'P', reason: 'No judge.', todo: ['npx coppice train', 'npx coppice export x'] },
      { id: 'q', title: 'Q', reason: 'No judge.', todo: ['npx coppice train', 'npx coppice export x'] },
      { id: 'r', title: 'R', reason: 'No colours.', todo: [] },
    ],
    seconds: 42,
    version: '0.1.0',
    written: new Date('2026-01-02T03:04:05Z'),
  }
  const { document } = parseHTML(galleryPage(contents))
  const all = (selector: string, inside: { querySelectorAll(s: string): Iterable<Element> } = document) => [
    ...inside.querySelectorAll(selector),
  ]
  const text = (element: Element) => element.textContent!.trim()

  test('asks nothing of the network', () => {
    expect(all('script, link:not([rel=icon]), iframe')).toEqual([])
    for (const image of all('img')) expect(image.getAttribute('src')).toMatch(/^data:image\/png;base64,/)
    expect(galleryPage(contents)).not.toMatch(/https?:|url\(/)
  })

  test('shows every task in its group: what was told, the results, the truth', () => {
    const groups = all('section').slice(0, 2)
    expect(groups.map(group => text(all('h2', group)[0]))).toEqual(['Part of the picture', 'No picture'])
    expect(all('h3', groups[0]).map(text)).toEqual(['Half of it', 'Other half'])
    const [article] = all('article', groups[0])
    expect(all('.what', article).map(text)).toEqual(['known', 'results', 'truth'])
    const sources = all('.row', article).map(row =>
      all('img', row).map(image => atob(image.getAttribute('src')!.slice(22))),
    )
    expect(sources).toEqual([
      ['a', 'b'],
      ['c', 'd', 'e', 'f'],
      ['g', 'h'],
    ])
    expect(article.querySelector('.board')!.getAttribute('style')).toContain('--columns:2')
    expect(text(all('figcaption', article)[0])).toBe(
      'Error 0.0123: mean squared error. 4 results in 1.3\u00a0s.',
    )
    const words = all('article', groups[1])[0]
    expect(all('.what', words).map(text)).toEqual(['text', 'results'])
    expect(all('.cells span', words).map(text)).toEqual(['<i>'])
  })

  test('gives every command as it is to be typed, whatever is in it', () => {
    const commands = all('.command code').map(code => code.textContent)
    expect(commands.slice(0, 3)).toEqual(contents.tasks.map(({ command }) => command))
    expect(text(all('h1')[0])).toBe('my <birds>, guided')
  })

  test('has a link to every group, and one name for every place', () => {
    const ids = all('[id]').map(element => element.id)
    expect(new Set(ids).size).toBe(ids.length)
    const links = all('nav a').map(link => link.getAttribute('href')!)
    expect(links).toEqual(['#part-of-the-picture', '#no-picture'])
    for (const link of links) expect(ids).toContain(link.slice(1))
  })

  test('says what is left out, once for what lacks the same, and how that changes', () => {
    const section = all('section').find(one => all('#left-out', one).length > 0)!
    expect(all('h3', section).map(text)).toEqual(['P · Q', 'R'])
    expect(all('.command', section).map(text)).toEqual(['npx coppice train', 'npx coppice export x'])
    const { document } = parseHTML(galleryPage({ ...contents, leftOut: [] }))
    expect(all('#left-out', document)).toEqual([])
  })

  test('says what the network was told in its training', () => {
    const lead = (condition: GalleryContents['condition']) =>
      text(all('.lead', parseHTML(galleryPage({ ...contents, condition })).document)[0])
    expect(lead(null)).toContain('in colour, and nothing else. In each of 14 choices')
    expect(lead('class')).toContain('told the class of each')
  })
})
