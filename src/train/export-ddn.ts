// A DDN's run as plain ONNX models: images to codes, codes to images, and the training step.

import { decoder, encoder, trainingStep } from '../ddn/program.ts'
import { standardOperators } from '../graph/standard.ts'
import { adamRate } from '../nn/adam.ts'
import { writeProgram } from '../runtime/index.ts'
import { VERSION } from '../version.ts'
import type { Run } from './train.ts'
import { modelFile } from './weights.ts'

/** The files of an export: `decoder.onnx`, `encoder.onnx`, `train-step.onnx`, what they need, and how to use them. */
export function exportDdn(run: Run<'ddn'>, name: string): Map<string, Uint8Array | string> {
  const { config, model } = run
  const { layout, weights } = model
  const values = { batch: 'N', values: weights }
  const step = trainingStep(config.network, layout, config.optimiser.batch, config.optimiser)
  const parameters = new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength)
  return new Map<string, Uint8Array | string>([
    ['decoder.onnx', standardOperators(writeProgram(decoder(config.network, layout, values)))],
    ['encoder.onnx', standardOperators(writeProgram(encoder(config.network, layout, values)))],
    ['train-step.onnx', standardOperators(writeProgram(step))],
    ['parameters.f32', parameters],
    ['model.safetensors', modelFile(config, layout, weights, run.step, 'F16')],
    ['manifest.json', `${JSON.stringify(manifest(run, name, Object.keys(step.state ?? {})), null, 2)}\n`],
    ['README.md', readme(run, name)],
  ])
}

function manifest({ config, model, step }: Run<'ddn'>, name: string, states: string[]) {
  const { size, channels } = config.network
  const { batch } = config.optimiser
  const L = model.layers.length
  const image = (count: number | string) => ({ type: 'float32', shape: [count, channels, size, size] })
  const vector = { type: 'float32', shape: [model.layout.size] }
  const scalar = { type: 'float32', shape: [] }
  const first = adamRate(config.optimiser.rate, 1, config.optimiser)
  return {
    format: 'coppice-export-1',
    coppice: VERSION,
    run: name,
    step,
    size,
    channels,
    pixels: 'byte / 127.5 - 1, planes in the order of the shape',
    bits: model.bits,
    layers: model.layers.map(layer => ({ size: layer.size, K: layer.K })),
    files: {
      'decoder.onnx': {
        about: 'codes to images: code l is a whole number from 0 to K_l - 1',
        inputs: { codes: { type: 'int32', shape: ['N', L] } },
        outputs: { image: image('N') },
      },
      'encoder.onnx': {
        about: 'images to codes; losses are the mean squared errors of the layers over the batch',
        inputs: { images: image('N') },
        outputs: { codes: { type: 'int32', shape: ['N', L] }, losses: { type: 'float32', shape: [L] } },
      },
      'train-step.onnx': {
        about:
          'one step of Adam: a state s is fed as s and comes back as after:s. Start with parameters and average ' +
          'from parameters.f32 and the moments at 0. Split-and-Prune is not in the graph.',
        inputs: {
          images: image(batch),
          forced: { type: 'int64', shape: [batch, L], about: '-1: the nearest; else the index to take' },
          rate: { ...scalar, about: 'rate * sqrt(1 - beta2^t) / (1 - beta1^t)', first: first.rate },
          epsilon: { ...scalar, about: 'epsilon * sqrt(1 - beta2^t)', first: first.epsilon },
          averageDecay: {
            ...scalar,
            about: 'share of the old average',
            first: config.optimiser.averageDecay,
          },
        },
        outputs: {
          losses: { type: 'float32', shape: [L] },
          nearest: { type: 'int32', shape: [batch, L] },
          norm: scalar,
        },
        state: Object.fromEntries(states.map(state => [state, { ...vector, output: `after:${state}` }])),
      },
      'parameters.f32': { about: 'the averaged weights, little-endian float32', ...vector },
      'model.safetensors': {
        about: 'the averaged weights by name in half precision, with the configuration: for Coppice',
      },
    },
    parameters: model.layout.specs.map(({ name, shape }) => ({
      name,
      shape,
      offset: model.layout.offsets.get(name),
    })),
  }
}

/** Ten lines that draw an image and read its codes back; a test runs them as they stand. */
export const exampleProgram = `import { readFileSync, writeFileSync } from 'node:fs'
import * as ort from 'onnxruntime-web'
const { layers, size, channels } = JSON.parse(readFileSync('manifest.json', 'utf8'))
const [decoder, encoder] = [await open('decoder.onnx'), await open('encoder.onnx')]
const codes = new ort.Tensor('int32', Int32Array.from(layers, ({ K }) => Math.random() * K), [1, layers.length])
const { image } = await decoder.run({ codes })
const byte = (_, i) => Math.min(255, Math.max(0, 127.5 * (image.data[(i % channels) * size ** 2 + Math.floor(i / channels)] + 1)))
writeFileSync('sample.pnm', Buffer.concat([Buffer.from(\`P\${channels === 1 ? 5 : 6} \${size} \${size} 255\\n\`), Uint8Array.from(image.data, byte)]))
console.log('drawn', codes.data.join(), 'read back', (await encoder.run({ images: image })).codes.data.join())
async function open(file) { return ort.InferenceSession.create(readFileSync(file)) }
`

function readme({ config, model, step }: Run<'ddn'>, name: string): string {
  const { size, channels } = config.network
  return `# ${name}, exported

A Discrete Distribution Network for ${channels}×${size}×${size} images, trained by Coppice ${VERSION} for ${step} steps on \`${config.data}\`:
${model.layers.length} choices, ${Number(model.bits.toFixed(1))} bits an image, ${model.layout.size} parameters. The models are plain ONNX (opset 18,
standard operators only) and need nothing of Coppice; \`manifest.json\` says what goes in and what comes out.

| file | what it does |
|---|---|
| \`decoder.onnx\` | codes [N, ${model.layers.length}] → images [N, ${channels}, ${size}, ${size}] in [−1, 1] |
| \`encoder.onnx\` | images → codes |
| \`train-step.onnx\` | one training step, gradients and optimiser included, on ${config.optimiser.batch} images |
| \`parameters.f32\` | the weights as one vector, for the training step |
| \`model.safetensors\` | the weights by name in half precision, with the configuration: a model for Coppice in one file |

Draw an image, save it, and read its codes back (\`npm install onnxruntime-web\`, then \`node sample.mjs\`):

\`\`\`js
${exampleProgram}\`\`\`
`
}
