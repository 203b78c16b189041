import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const child = fileURLToPath(new URL('child.ts', import.meta.url))

function run(mode: 'memory' | 'quiet' | 'verbose') {
  return promisify(execFile)(process.execPath, ['--expose-gc', '--import', 'tsx', child, mode], {
    maxBuffer: 1 << 26,
  })
}

test('a thousand steps leave no memory behind', async () => {
  const { before, after } = JSON.parse((await run('memory')).stdout)
  expect(after.count - before.count).toBe(1000)
  // One array of 256 kB that stays per step would cost 256 MB; the allocator's own wandering is a few.
  expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(2e6)
  expect(after.rss - before.rss).toBeLessThan(32e6)
})

test('ONNX Runtime prints nothing, even of errors', async () => {
  expect(await run('quiet')).toEqual({ stdout: 'done', stderr: '' })
})

test('the engine’s log is let through on request', async () => {
  const { stderr } = await run('verbose')
  expect(stderr).toContain('onnxruntime')
  expect(stderr).toContain('unused')
})
