/** The contract of storage on the IndexedDB of a real browser. */
import { describe, expect, it } from 'vitest'
import { ledgerConformance } from '../../src/testing/conformance.ts'
import { freshDisk } from '../ledger/support/databases.ts'

ledgerConformance('IndexedDB in the browser', freshDisk, { describe, it, expect })
