// Set-up of the `jsdom` project: matchers, IndexedDB, a clean document after each test.
import '@testing-library/jest-dom/vitest'
import 'fake-indexeddb/auto'
import { cleanup } from '@testing-library/react'
import { afterEach } from 'vitest'

declare global {
  var IS_REACT_ACT_ENVIRONMENT: boolean
}

// Testing Library does both by itself only when the test functions are globals, which they are not here.
globalThis.IS_REACT_ACT_ENVIRONMENT = true
afterEach(cleanup)
