/** Owns the list of all planted bugs. */
import type { PlantedBug } from './bug.ts'
import { folding } from './folding.ts'
import { resuming } from './resuming.ts'
import { starting } from './starting.ts'
import { writing } from './writing.ts'

export const BUGS: readonly PlantedBug[] = [...writing, ...folding, ...starting, ...resuming]
