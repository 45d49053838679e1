import 'fake-indexeddb/auto'
import { describe, expect, it } from 'vitest'
import { memoryLedger } from '../../src/ledger/memory.ts'
import { ledgerConformance } from '../../src/testing/conformance.ts'
import { freshDisk } from './support/databases.ts'

ledgerConformance(
  'memory',
  async () => {
    // Memory lives as long as its owner: opening it again gives the same ledger.
    const ledger = memoryLedger()
    return { ledger, reopen: async () => ledger, cleanup: async () => {} }
  },
  { describe, it, expect },
)

ledgerConformance('IndexedDB', freshDisk, { describe, it, expect })
