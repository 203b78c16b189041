/** `coppice studio`: what it says, what it opens, and how it ends. */

import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { opener, studioCommand } from '../../src/cli/studio.ts'
import { type Folders, makeFolders, writeFiles, writeRunFolder } from '../studio/server-folders.ts'

let folders: Folders
beforeEach(async () => {
  folders = await makeFolders()
})
afterEach(() => folders.remove())

/** Calls the command; `ended` settles when it has ended, `said` gives what is written once there is a line. */
function call(...args: string[]) {
  const written = { stdout: '', stderr: '' }
  const spies = (['stdout', 'stderr'] as const).map(name =>
    vi.spyOn(process[name], 'write').mockImplementation(text => {
      written[name] += text
      return true
    }),
  )
  const program = new Command().exitOverride()
  studioCommand(program, folders)
  const ended = program.parseAsync(['studio', ...args], { from: 'user' }).finally(() => {
    for (const spy of spies) spy.mockRestore()
  })
  const said = async () => {
    await Promise.race([
      ended,
      vi.waitFor(() => expect(written.stdout).toContain('\n'), { interval: 5, timeout: 20_000 }),
    ])
    return written.stdout
  }
  return { ended, said, written }
}

const serve = (...args: string[]) => call('--port', '0', '--runs', folders.runs, ...args)

/** The first Ctrl-C, as this process gets it. */
const interrupt = () => process.emit('SIGINT', 'SIGINT')

describe('coppice studio', () => {
  test('prints its address, serves there, and ends with Ctrl-C', async () => {
    const listeners = process.listenerCount('SIGINT')
    const { said, ended, written } = serve()
    const text = await said()
    const [, url] = /^Studio {2}(http:\/\/127\.0\.0\.1:\d+\/)$/m.exec(text)!
    expect(text).toContain(`the models that come with Coppice; 1 run, from ${folders.runs}`)
    expect(text).toContain('Ctrl-C ends it.')
    expect(await (await fetch(`${url}api/runs`)).json()).toMatchObject([{ name: 'first' }])
    interrupt()
    await ended
    expect(written.stderr).toBe('')
    await expect(fetch(url)).rejects.toThrow('fetch failed')
    expect(process.listenerCount('SIGINT')).toBe(listeners)
    expect(process.exitCode).toBeUndefined()
  })

  test('opens with the run, or with the model, that was given', async () => {
    for (const [run, query] of [
      [join(folders.runs, 'first'), '?model=run%3Afirst'],
      ['digits', '?model=digits'],
    ]) {
      const { said, ended } = serve(run)
      expect(await said()).toMatch(new RegExp(`:\\d+/${query.replace('?', '\\?')}$`, 'm'))
      interrupt()
      await ended
    }
  })

  test('tells programs the same as JSON', async () => {
    const { said, ended } = serve(join(folders.runs, 'first'), '--json')
    const { url, port, model, runs, host } = JSON.parse(await said())
    expect(url).toBe(`http://127.0.0.1:${port}/?model=run%3Afirst`)
    expect([model, runs, host]).toEqual(['run:first', ['first'], '127.0.0.1'])
    interrupt()
    await ended
  })

  test('warns where other machines may reach it', async () => {
    const { said, ended, written } = serve('--host', '0.0.0.0')
    expect(await said()).toMatch(/http:\/\/localhost:\d+\//)
    interrupt()
    await ended
    expect(written.stderr).toMatch(/^Whoever reaches 0\.0\.0\.0 over the network can read these runs; .*\n$/)
  })

  test('opens a browser without a shell, whatever the system', () => {
    const url = 'http://127.0.0.1:4646/?model=run%3Aa'
    expect(opener('darwin', url)).toEqual(['open', [url]])
    expect(opener('linux', url)).toEqual(['xdg-open', [url]])
    expect(opener('win32', url)).toEqual(['rundll32', ['url.dll,FileProtocolHandler', url]])
  })

  test('writes a static site and ends', async () => {
    const out = join(folders.root, 'site')
    const { ended, written } = serve(join(folders.runs, 'first'), '--build', out)
    await ended
    expect(written.stdout).toMatch(/^Site {3}.*site: \d+ files, .* MB, for any web host with https$/m)
    expect(written.stdout).toContain('?model=run%3Afirst')
    expect(await readFile(join(out, 'api/runs/first/model.safetensors'), 'utf8')).toBe('the weights')
  })
})

describe('says in a sentence', () => {
  const fails = (...args: string[]) => serve(...args).ended

  test('that the page is not built', async () => {
    folders.page = join(folders.root, 'unbuilt')
    await expect(fails()).rejects.toThrow(/page is not built: .*; run: npm run build$/)
  })

  test('that a port is taken', async () => {
    const other = createServer()
    await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    await expect(call('--port', String(port)).ended).rejects.toThrow(
      `cannot listen on 127.0.0.1, port ${port}: something else listens there`,
    )
    other.close()
  })

  test('that there is no such run, model or folder', async () => {
    await expect(fails('digts')).rejects.toThrow(/digts\.safetensors.*did you mean digits\.safetensors\?/)
    await expect(fails(join(folders.root, 'none'))).rejects.toThrow(/^no such run: /)
    await expect(fails(folders.models)).rejects.toThrow(/holds no run: there is no config\.json in it$/)
    await expect(call('--runs', join(folders.root, 'none')).ended).rejects.toThrow(/^there is no folder /)
  })

  test('that a run is of another family', async () => {
    const run = join(folders.runs, 'judge')
    await writeRunFolder(run, {
      network: { model: 'classifier', size: 8, channels: 1, widths: [4] },
      data: 'digits',
    })
    await expect(fails(run)).rejects.toThrow(/a model of the family classifier; the studio opens Discrete/)
  })

  test('that a folder is no place for a site', async () => {
    await writeFiles(folders.root, { 'mine/thesis.txt': '' })
    await expect(fails('--build', join(folders.root, 'mine'))).rejects.toThrow(/mine is not empty/)
  })
})
