/**
 * Owns how the runs of a workflow are named: after its own id, their phase and their number, and from its second attempt on
 * after the attempt.
 */
import { isUsableId } from '../core/ids.ts'
import type { WorkflowDefinition } from '../core/workflow/definition.ts'

/** Characters that attempts and a question's number may add to a child's id. */
const ID_SPARE = 24

export const childRunId = (workflowRunId: string, phase: string, number: number, attempt = 1): string =>
  `${workflowRunId}.${phase}.${attempt === 1 ? '' : `${attempt}-`}${number}`

/** Whether all ids the run would give are usable: they are made of its own and its phases' names. */
export function hasRoomForIds(workflowRunId: string, definition: WorkflowDefinition): boolean {
  return definition.phases.every(({ name }) => {
    const longest = childRunId(workflowRunId, name, definition.maxChildren)
    return isUsableId(longest + '0'.repeat(ID_SPARE))
  })
}
