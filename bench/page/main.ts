/** The page of the bench: every measure under one global, called by the runner. */
import { development } from './measures/development.ts'
import { burst, open, paced, pause } from './measures/flow.ts'
import { foldAdapter, foldOurs } from './measures/fold.ts'
import { append, boot, fill } from './measures/stores.ts'

const isIsolated = (): boolean => crossOriginIsolated

Object.assign(globalThis, {
  bench: { append, boot, burst, development, fill, foldAdapter, foldOurs, isIsolated, open, paced, pause },
})
