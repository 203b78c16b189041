#!/usr/bin/env node
// The command `coppice`.

import { run } from './program.ts'

// Whoever reads the output, such as `head`, may have had enough of it: then there is no one left to write for.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit()
  })

const code = await run(process.argv.slice(2))
// A command that was interrupted has set its own.
if (code) process.exitCode = code
