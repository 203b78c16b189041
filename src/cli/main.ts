#!/usr/bin/env node
// The command `coppice`.

import { run } from './program.ts'

const code = await run(process.argv.slice(2))
// A command that was interrupted has set its own.
if (code) process.exitCode = code
