// The suite in a worker, where training belongs.

import { run } from './run.ts'

addEventListener('message', ({ data: { name, options } }) => {
  run(name, options).then(
    report => postMessage({ report }),
    error => postMessage({ error: String(error.stack ?? error) }),
  )
})
