/** Lost records on the IndexedDB of a real browser. SPEC W2, W7, P1. */
import { integrityLaws } from '../ledger/support/integrityLaws.ts'

integrityLaws()
