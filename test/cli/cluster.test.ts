/** `coppice cluster`: the result, the page, and what goes wrong. */

import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseHTML } from 'linkedom'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { coppice } from './call.ts'
import { small, writePictures, writeRun } from './small-runs.ts'

let folder: string
const at = (name: string) => join(folder, name)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-cluster-'))
  const data = await writePictures(at('pictures'))
  await writeRun(at('run'), small, data)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const cluster = (...args: string[]) => coppice('cluster', at('run'), '--threads', '1', ...args)

interface Scores {
  clusters: number
  used: number
  purity: number
  nmi: number
  ari: number
}

describe('the result', () => {
  test('is the scores of the nodes and of k-means, and a page in the run folder', async () => {
    const { code, stderr, json } = await cluster('--split', 'train', '--depth', '2', '--json')
    expect(code, stderr).toBe(0)
    const result = json as unknown as Scores & { kmeans: Scores; out: string; images: number }
    expect(result).toMatchObject({
      split: 'train',
      depth: 2,
      clusters: 16,
      leftOut: null,
      out: at('run/clusters.html'),
    })
    expect(result.kmeans.clusters).toBe(result.clusters)
    for (const scores of [result, result.kmeans])
      for (const value of [scores.purity, scores.nmi]) {
        expect(value).toBeGreaterThanOrEqual(0)
        expect(value).toBeLessThanOrEqual(1)
      }
    const { document } = parseHTML(await readFile(result.out, 'utf8'))
    expect(document.querySelectorAll('.clusters li')).toHaveLength(result.used)
    expect(document.body.textContent).toContain(result.purity.toFixed(3))
  })

  test('is a table for people', async () => {
    const { code, stdout } = await cluster('--split', 'train', '--out', at('page.html'))
    expect(code).toBe(0)
    expect(stdout).toMatch(/^Clusters +\d of 4 nodes have images, at depth 1$/m)
    expect(stdout).toMatch(/^ +clusters +purity +NMI +ARI$/m)
    expect(stdout).toMatch(/^nodes of the tree( +\S+){4}$/m)
    expect(stdout).toMatch(/^k-means on pixels( +\S+){4}$/m)
    expect((await stat(at('page.html'))).size).toBeGreaterThan(1000)
  })

  test('has no scores where there are no labels, and a page', async () => {
    await writePictures(at('unlabelled'))
    await rm(at('unlabelled/labels-idx1-ubyte'))
    const spec = `idx:${at('unlabelled/images-idx3-ubyte')}`
    const { code, json } = await cluster('--data', spec, '--count', '9', '--out', at('plain.html'), '--json')
    expect(code).toBe(0)
    expect(json).toMatchObject({ images: 9, labelled: 0, purity: null, nmi: null, ari: null, kmeans: null })
    expect(json.leftOut).toMatch(/have no labels/)
    expect(await readFile(at('plain.html'), 'utf8')).toContain('So there are no scores')
  })

  test('is the same again by the command on the page', async () => {
    const first = await cluster('--count', '12', '--split', 'train', '--out', at('again.html'), '--json')
    const { document } = parseHTML(await readFile(at('again.html'), 'utf8'))
    const words = document.querySelector('.commands code')!.textContent!.split(' ')
    expect(words.slice(0, 3)).toEqual(['npx', 'coppice', 'cluster'])
    const again = await coppice(...words.slice(2), '--threads', '1', '--json')
    expect({ ...again.json, seconds: 0 }).toEqual({ ...first.json, seconds: 0 })
  })
})

describe('what cannot be done', () => {
  test('a depth that the tree does not have', async () => {
    const { code, stderr } = await cluster('--depth', '7')
    expect(code).toBe(1)
    expect(stderr.trim()).toBe(`invalid depth: 7; the tree of ${at('run')} is 3 deep`)
  })

  test('a split, a depth and a number that are none', async () => {
    for (const args of [
      ['--split', 'tset'],
      ['--depth', '0'],
      ['--count', '-1'],
    ]) {
      const { code, stderr } = await cluster(...args)
      expect(code).toBe(2)
      expect(stderr.trim().split('\n')).toHaveLength(1)
    }
  })
})
