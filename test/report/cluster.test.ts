// Clusters of a run: nodes and scores by plain counting, and the page from contents alone.

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decode } from 'fast-png'
import { parseHTML } from 'linkedom'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadDataset } from '../../src/data/load.ts'
import { clusterScores } from '../../src/eval/clustering.ts'
import type { ClusterContents } from '../../src/report/cluster-contents.ts'
import { type ClusterOptions, gatherClusters } from '../../src/report/cluster-gather.ts'
import { clusterPage } from '../../src/report/cluster-page.ts'
import { scoresOf } from '../../src/report/cluster-scores.ts'
import { codesOf } from '../../src/train/coded-data.ts'
import { type FolderRun, openRun } from '../../src/train/run.ts'
import { small, writePictures, writeRun } from '../cli/small-runs.ts'

let folder: string
let data: string
let run: FolderRun<'ddn'>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-cluster-'))
  data = await writePictures(join(folder, 'pictures'))
  run = await openRun(await writeRun(join(folder, 'run'), small, data), { threads: 1 })
})
afterAll(async () => {
  await run.close()
  await rm(folder, { recursive: true, force: true })
})

const gather = (options: Partial<ClusterOptions> = {}, of = run) =>
  gatherClusters(of, {
    name: 'runs/a',
    split: 'train',
    depth: 1,
    seed: 0,
    command: 'npx coppice',
    ...options,
  })

/** Gathers from a run that is opened for it. */
async function gatherFrom(folder: string, options: Partial<ClusterOptions> = {}): Promise<ClusterContents> {
  const other = await openRun(folder, { threads: 1 })
  try {
    return await gather(options, other)
  } finally {
    await other.close()
  }
}

describe('the nodes', () => {
  test('are those that the images pass through, with their numbers and labels', async () => {
    const { train, classes } = await loadDataset(data, { size: 8, channels: 1 })
    const codes = await codesOf(run.model, train)
    for (const depth of [1, 2]) {
      const contents = await gather({ depth })
      const counted = new Map<string, number[]>()
      for (let i = 0; i < train.count; i++) {
        const key = String(Array.from(codes.subarray(3 * i, 3 * i + depth)))
        counted.set(key, [...(counted.get(key) ?? []), i])
      }
      expect(contents.clusters).toBe(4 ** depth)
      expect(contents.images).toBe(train.count)
      expect(contents.nodes).toHaveLength(counted.size)
      for (const { path, images, makeUp } of contents.nodes) {
        const members = counted.get(String(path))!
        expect(images).toBe(members.length)
        for (const { name, images } of makeUp)
          expect(members.filter(i => classes![train.labels![i]] === name)).toHaveLength(images)
        expect(makeUp.reduce((sum, { images }) => sum + images, 0)).toBe(members.length)
      }
      const sizes = contents.nodes.map(node => node.images)
      expect(sizes).toEqual([...sizes].sort((a, b) => b - a))
      const keys = [...counted.keys()]
      const clusters = Array.from({ length: train.count }, (_, i) =>
        keys.findIndex(key => counted.get(key)!.includes(i)),
      )
      expect(contents.scores).toEqual(clusterScores(clusters, train.labels!))
    }
  })

  test('are drawn by the network, and shown with their mean and some of their images', async () => {
    const { train } = await loadDataset(data, { size: 8, channels: 1 })
    const codes = await codesOf(run.model, train)
    const { shown, nodes, drawnSize } = await gather()
    const { path, images } = nodes[shown[0].node]
    const members = Array.from({ length: train.count }, (_, i) => i).filter(i => codes[3 * i] === path[0])
    const first = members.find(i => shown[0].members[0].label.startsWith(`image ${i},`))!
    expect(members).toHaveLength(images)
    const [level] = await run.levels(codes.slice(3 * first, 3 * first + 3))
    const bytes = (uri: string) => decode(Buffer.from(uri.split(',')[1], 'base64'))
    expect(bytes(shown[0].drawn)).toMatchObject({ width: drawnSize, height: drawnSize })
    expect(Array.from(bytes(shown[0].drawn).data)).toEqual(
      Array.from(level, value => Math.min(255, Math.max(0, Math.round((value + 1) * 127.5)))),
    )
    const mean = Array.from(
      { length: 64 },
      (_, j) => members.reduce((sum, i) => sum + train.pixels[64 * i + j], 0) / images,
    )
    bytes(shown[0].mean).data.forEach((byte, j) => {
      expect(Math.abs(byte - mean[j])).toBeLessThanOrEqual(0.51)
    })
    expect(shown[0].members).toHaveLength(Math.min(10, images))
    const picture = train.pixels.subarray(64 * first, 64 * first + 64)
    expect(Array.from(bytes(shown[0].members[0].source).data)).toEqual(Array.from(picture))
  })

  test('of a few images are of those, evenly spaced', async () => {
    const contents = await gather({ count: 5, depth: 3 })
    expect(contents.images).toBe(5)
    expect(contents.nodes.reduce((sum, { images }) => sum + images, 0)).toBe(5)
    expect(contents.notes.join()).toMatch(/images on average. Of clusters so small purity says little/)
  })

  test('of other data are found in these', async () => {
    const other = await writePictures(join(folder, 'other'), 60)
    const { train } = await loadDataset(other, { size: 8, channels: 1 })
    const contents = await gather({ data: other })
    expect([contents.data, contents.trained]).toEqual([other, data])
    expect(contents.images).toBe(train.count)
  })

  test('the tree has no more depths than choices', async () => {
    await expect(gather({ depth: 4 })).rejects.toThrow('invalid depth: 4; the tree of runs/a is 3 deep')
  })
})

describe('a conditional network', () => {
  test.each([
    [{ kind: 'class', classes: 2 }, /its nodes are clusters within classes/],
    [{ kind: 'low-res', size: 4 }, /told every image at a low resolution/],
  ])('%o: is told of the images, which the page says', async (condition, note) => {
    const other = await writeRun(join(folder, condition.kind), { ...small, condition }, data)
    const contents = await gatherFrom(other, { split: 'test' })
    expect(contents.notes.join()).toMatch(note)
    expect(contents.shown[0].drawn).toMatch(/^data:image\/png/)
    expect(clusterPage(contents).includes('never saw a label')).toBe(condition.kind !== 'class')
  })
})

describe('k-means beside it', () => {
  const blocks = (count: number, labels?: number[]) => ({
    count,
    channels: 1 as const,
    size: 8,
    // Four kinds of images far from each other, each with a pixel of its own.
    pixels: Uint8Array.from({ length: 64 * count }, (_, i) => {
      const [image, pixel] = [Math.floor(i / 64), i % 64]
      return pixel === image % 64 ? 30 : Math.floor(pixel / 16) === image % 4 ? 255 : 0
    }),
    ...(labels && { labels: Int32Array.from(labels) }),
  })
  const options = { clusters: 4, data: 'blocks', split: 'test' as const, seed: 0, threads: 1 }
  const kinds = Array.from({ length: 40 }, (_, i) => i % 4)

  test('has as many clusters, is fitted to the training images, and judged on the same images', async () => {
    // Nodes that pair the kinds.
    const nodes = Int32Array.from(
      [...kinds.map(kind => kind >> 1)].map((pair, i) => (i < 8 ? 2 + (i % 2) : pair)),
    )
    const scored = await scoresOf(blocks(40, kinds), nodes, blocks(80), options)
    expect(scored.scores).toEqual(clusterScores(nodes, kinds))
    expect(scored.kMeans).toMatchObject({ clusters: 4, used: 4, fitted: 80, purity: 1, nmi: 1, ari: 1 })
  })

  test('counts only images with a label', async () => {
    const labels = kinds.map((kind, i) => (i < 30 ? kind : -1))
    const nodes = Int32Array.from(kinds, (kind, i) => (i < 30 ? kind >> 1 : 7))
    const scored = await scoresOf(blocks(40, labels), nodes, blocks(80), options)
    expect(scored.labelled).toBe(30)
    expect(scored.kMeans).toMatchObject({ clusters: 4, used: 4 })
    expect(scored.scores).toEqual(clusterScores(nodes.slice(0, 30), kinds.slice(0, 30)))
  })

  test('is left out where there are fewer training images than clusters', async () => {
    const nodes = Int32Array.from(kinds.keys())
    const { scores, kMeans, kMeansLeftOut } = await scoresOf(blocks(40, kinds), nodes, blocks(39), {
      ...options,
      clusters: 40,
    })
    expect(scores!.purity).toBe(1)
    expect([kMeans, kMeansLeftOut]).toEqual([
      null,
      'The tree has 40 nodes at this depth, and there are 39 training images to fit centres to.',
    ])
  })

  test('is left out of thousands of clusters, for its time', async () => {
    const labels = Array.from({ length: 3000 }, (_, i) => i % 2)
    const { kMeansLeftOut } = await scoresOf(
      blocks(3000, labels),
      Int32Array.from(labels.keys()),
      blocks(3000),
      { ...options, clusters: 3000 },
    )
    expect(kMeansLeftOut).toBe(
      'The tree has 3,000 nodes at this depth, and k-means is fitted with up to 2,048 centres.',
    )
  })

  test('without labels, or with one for all, there are no scores, and the reason is said', async () => {
    const nodes = Int32Array.from(kinds)
    const unlabelled = await scoresOf(blocks(40), nodes, blocks(80), options)
    expect(unlabelled).toMatchObject({ scores: null, kMeans: null, labelled: 0 })
    expect(unlabelled.unscored).toBe('The test images of blocks have no labels to score clusters by.')
    const same = await scoresOf(blocks(40, kinds.fill(1)), nodes, blocks(80), options)
    expect(same.unscored).toMatch(/have the same label/)
  })
})

describe('the page', () => {
  let contents: ClusterContents
  beforeAll(async () => {
    contents = await gather({ depth: 2 })
  })
  const documentOf = (changes: Partial<ClusterContents> = {}) =>
    parseHTML(clusterPage({ ...contents, ...changes })).document

  test('asks nothing of the network, and runs nothing', () => {
    const document = documentOf()
    const policy = document.querySelector('meta[http-equiv]')!.getAttribute('content')
    expect(policy).toBe("default-src 'none'; img-src data:; style-src 'unsafe-inline'")
    for (const image of document.querySelectorAll('img'))
      expect(image.getAttribute('src')).toMatch(/^data:image\/png;base64,/)
    expect(document.querySelectorAll('script, link[rel=stylesheet], iframe')).toHaveLength(0)
  })

  test('has every shown node with its size, labels and pictures', () => {
    const items = [...documentOf().querySelectorAll('.clusters li')]
    expect(items).toHaveLength(contents.shown.length)
    items.forEach((item, i) => {
      const { path, images, makeUp } = contents.nodes[i]
      expect(item.querySelector('.head b')!.textContent).toBe(`Node ${path.join(' › ')}`)
      expect(item.textContent).toContain(`${images} image`)
      expect(item.querySelector('.shares b')!.textContent).toBe(makeUp[0].name)
      expect(item.querySelectorAll('.members img')).toHaveLength(Math.min(10, images))
      expect(item.querySelectorAll('.pair img')).toHaveLength(2)
    })
  })

  test('bars are as long as the labels are frequent', () => {
    const [node] = contents.nodes
    const makeUp = [
      { name: 'a', colour: 1, images: 3 },
      { name: 'b', colour: -1, images: 1 },
    ]
    const document = documentOf({ nodes: [{ ...node, makeUp }], shown: contents.shown.slice(0, 1) })
    expect(document.querySelector('.clusters .make-up')!.getAttribute('style')).toBe(
      'background:linear-gradient(90deg,var(--label-1) 0.0% 75.0%,var(--label-other) 75.0% 100.0%)',
    )
    expect(document.querySelector('.shares')!.textContent).toBe('a 75 % · b 25 %')
  })

  test('has the scores of both beside each other, and how k-means was made', () => {
    const kMeans = { clusters: 9, used: 8, fitted: 77, iterations: 5, purity: 0.75, nmi: 0.5, ari: 0.25 }
    const document = documentOf({ kMeans, kMeansLeftOut: null })
    const rows = [...document.querySelectorAll('#agreement ~ div tbody tr')].map(row =>
      [...row.children].map(cell => cell.textContent),
    )
    const { purity, nmi, ari } = contents.scores!
    expect(rows).toEqual([
      ['Nodes of the tree', String(contents.nodes.length), ...[purity, nmi, ari].map(x => x.toFixed(3))],
      ['k-means on pixels', '8', '0.750', '0.500', '0.250'],
    ])
    expect(document.querySelector('#agreement ~ p')!.textContent).toMatch(
      /^k-means has 9 centres.* 77 training images .*seed 0, 5 rounds.* and 8 of the centres/,
    )
  })

  test('says what it leaves out', () => {
    const some = documentOf({ shown: contents.shown.slice(0, 1) })
    expect(some.querySelector('#nodes')!.textContent).toBe('All nodes')
    expect(some.querySelectorAll('.map img')).toHaveLength(contents.nodes.length)
    expect(some.querySelector('#largest ~ p')!.textContent).toContain(
      `These have ${contents.nodes[0].images} of the ${contents.images} images; ${contents.nodes.length - 1} smaller nodes are not shown here.`,
    )
    const nodes = contents.nodes.map((node, i) => (i < 2 ? node : { ...node, mean: undefined }))
    const fewer = documentOf({ shown: contents.shown.slice(0, 1), nodes })
    expect(fewer.querySelector('#nodes')!.textContent).toBe('The 2 largest nodes')
    expect(fewer.querySelector('#nodes ~ p')!.textContent).toContain(
      `Left out are ${nodes.length - 2} smaller nodes`,
    )
  })

  test('without labels says so, and is still there', async () => {
    const pictures = join(folder, 'unlabelled')
    await writePictures(pictures)
    await rm(join(pictures, 'labels-idx1-ubyte'))
    const unlabelled = await gather({ data: `idx:${join(pictures, 'images-idx3-ubyte')}` })
    expect(unlabelled.scores).toBeNull()
    const { document } = parseHTML(clusterPage(unlabelled))
    expect(document.querySelector('.note')!.textContent).toMatch(
      /have no labels to score clusters by. So there are no scores/,
    )
    expect(document.querySelector('#agreement')).toBeNull()
    expect(document.querySelectorAll('.make-up, .legend li')).toHaveLength(0)
    expect(document.querySelectorAll('.clusters li').length).toBeGreaterThan(0)
  })

  test('names cannot break out of it', () => {
    const name = '"><script>alert(1)</script>'
    const nodes = contents.nodes.map(node => ({ ...node, makeUp: [{ name, colour: 0, images: 1 }] }))
    const document = documentOf({
      nodes,
      legend: [name],
      run: name,
      data: name,
      shown: contents.shown.slice(0, 1),
    })
    expect(document.querySelectorAll('script')).toHaveLength(0)
    expect(document.querySelector('.legend li')!.textContent).toBe(name)
  })
})

describe('codes kept beside the model', () => {
  test('serve where there are some; of a few images none are made for all', async () => {
    const kept = await writeRun(join(folder, 'kept'), small, data)
    const file = join(kept, 'codes.safetensors')
    const few = await gatherFrom(kept, { count: 5 })
    await expect(readFile(file)).rejects.toThrow('ENOENT')
    await gatherFrom(kept)
    expect((await readFile(file)).length).toBeGreaterThan(0)
    const again = await gatherFrom(kept, { count: 5 })
    expect(again.nodes).toEqual(few.nodes)
  })

  test('of data that have since become more are refused', async () => {
    const pictures = join(folder, 'growing')
    const growing = await writePictures(pictures, 60)
    const folderOfRun = await writeRun(join(folder, 'grown'), small, growing)
    await gatherFrom(folderOfRun)
    await writePictures(pictures, 90)
    await expect(gatherFrom(folderOfRun)).rejects.toThrow(
      /has codes of \d+ train images, .* has \d+ now; delete the file/,
    )
  })
})
