import { readFileSync } from 'node:fs'
import { trainSchema } from '../src/train/config.ts'
import { reference17 } from './nets.ts'
import { layersOf } from '../src/ddn/config.ts'
import { layoutOf, trainingStep } from '../src/ddn/program.ts'
import { random } from '../src/data/rng.ts'
import { writeProgram } from '../src/runtime/index.ts'
import ort from 'onnxruntime-node'
const K = Number(process.env.K ?? 64), batch = Number(process.env.N ?? 64)
const config = process.env.CFG ? trainSchema.parse(JSON.parse(readFileSync(process.env.CFG, 'utf8'))).network : reference17(K)
const layout = layoutOf(config)
const program = trainingStep(config, layout, batch, { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, clipNorm: 1 })
const s = await ort.InferenceSession.create(writeProgram(program), { intraOpNumThreads: 2, interOpNumThreads: 1, graphOptimizationLevel: 'all', logSeverityLevel: 3, enableProfiling: true, profileFilePrefix: '/tmp/ortprof' })
const v = layout.initialise(random(0, 'i'))
const T = (a: any, d: number[]) => new ort.Tensor(a, d)
const L = layersOf(config).length
for (let i = 0; i < 5; i++) await s.run({ parameters: T(v, [layout.size]), moment1: T(new Float32Array(layout.size), [layout.size]), moment2: T(new Float32Array(layout.size), [layout.size]), average: T(v, [layout.size]), images: T(new Float32Array(batch * 1024 * config.channels), [batch, config.channels, 32, 32]), forced: T(new BigInt64Array(batch * L).fill(-1n), [batch, L]), rate: T(new Float32Array([1e-3]), []), epsilon: T(new Float32Array([1e-8]), []), averageDecay: T(new Float32Array([0.9]), []) })
s.endProfiling()
await s.release()
