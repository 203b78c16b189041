/** Models that come with the package: where they are looked for, and in which order. */

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import * as files from '../../src/data/files.ts'
import { findModel, modelsFolder } from '../../src/data/shipped.ts'

test('the models stand in the folder of this package', () => {
  expect(modelsFolder()).toBe(fileURLToPath(new URL('../../models', import.meta.url)))
})

describe('a model is found', () => {
  let folder: string
  let shipped: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coppice-shipped-'))
    shipped = join(folder, 'package', 'models')
    await mkdir(shipped, { recursive: true })
    await mkdir(join(folder, 'own', 'sub'), { recursive: true })
    for (const name of ['classifier.json', 'classifier.onnx', 'both.json'])
      await writeFile(join(shipped, name), '')
    for (const name of ['both.json', 'sub/own.json']) await writeFile(join(folder, 'own', name), '')
    vi.spyOn(files, 'packageFolder').mockReturnValue(join(folder, 'package'))
  })
  afterAll(async () => {
    vi.restoreAllMocks()
    await rm(folder, { recursive: true, force: true })
  })
  const own = () => join(folder, 'own')

  test('where its path says, relative to a folder, and is then called as it was given', async () => {
    expect(await findModel('sub/own.json', own())).toBe('sub/own.json')
    expect(await findModel(join(own(), 'both.json'))).toBe(join(own(), 'both.json'))
  })

  test("there before among the package's own", async () => {
    expect(await findModel('both.json', own())).toBe('both.json')
  })

  test("else by its bare name among the package's own", async () => {
    expect(await findModel('classifier.json', own())).toBe(join(shipped, 'classifier.json'))
  })

  test('nowhere: then both places are named, and the nearest that is there', async () => {
    await expect(findModel('clasifier.json', own())).rejects.toThrow(
      `there is no file ${join(own(), 'clasifier.json')}, and none of that name among Coppice's own models, in ${shipped}; ` +
        'did you mean classifier.json? Valid are both.json, classifier.json',
    )
  })

  test('not by a path: the package has no folders', async () => {
    const missing = (path: string, place: string) =>
      expect(findModel(path, own())).rejects.toThrow(new Error(`there is no file ${place}`))
    await missing('sub/classifier.json', join(own(), 'sub/classifier.json'))
    await missing('../models/classifier.json', join(folder, 'models/classifier.json'))
    await missing(join(folder, 'classifier.json'), join(folder, 'classifier.json'))
  })

  test('not in a folder of its name', async () => {
    await expect(findModel('sub', own())).rejects.toThrow('sub is a folder, not a file')
  })
})
