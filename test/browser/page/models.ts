// The models that come with the package, in a page: a network and a judge that steers it.

import { classGuide, edit, loadModel, openJudge } from '../../../src/browser.ts'

const files: Record<string, string> = {
  'digits.safetensors': new URL('../../../models/digits.safetensors', import.meta.url).href,
  'classifier.json': new URL('../../../models/classifier.json', import.meta.url).href,
  'classifier.onnx': new URL('../../../models/classifier.onnx', import.meta.url).href,
}

/** What the judge still finds wrong with two digits 3, each 1 − p(3). */
export async function threes(): Promise<number[]> {
  const read = async (name: string) => new Uint8Array(await (await fetch(files[name])).arrayBuffer())
  const runtime = { device: 'wasm' } as const
  const model = await loadModel(await read('digits.safetensors'), runtime)
  const judge = await openJudge('classifier.json', read, runtime)
  const { errors } = await edit(model, { guide: classGuide(judge, 3), count: 2, candidates: 16 })
  await judge.close()
  await model.close()
  return [...errors]
}
