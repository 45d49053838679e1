/** Lost records on fake-indexeddb. SPEC W2, W7, P1. */
import 'fake-indexeddb/auto'
import { integrityLaws } from './support/integrityLaws.ts'

integrityLaws()
