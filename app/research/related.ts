/**
 * Owns what is known about words beyond their spelling: which mean much the same, which tell two things of
 * one kind apart, and which carry no subject of their own. A short list on purpose; it only widens a search
 * that found nothing, and keeps unlike statements from being called a contradiction.
 */
import { distinctTerms } from './words.ts'

const SAME: readonly (readonly string[])[] = [
  'return refund reimbursement reimburse',
  'customer buyer client shopper purchaser',
  'product item article goods merchandise',
  'ship shipping delivery deliver postage freight dispatch',
  'pay cost price fee charge payment',
  'staff employee worker personnel',
  'leave vacation holiday absence',
  'reply respond answer response',
  'open opening hours available',
  'warranty guarantee',
  'cancel terminate termination cancellation',
  'begin start commence',
  'end finish expire expiry',
  'error fault defect bug problem',
  'change update modify modification',
  'salary wage pay compensation',
].map((group) => distinctTerms(group))

/** Two statements that name different members of a group are about different things. */
const CONTRASTS: readonly (readonly string[])[] = [
  'standard express economy priority overnight',
  'monday tuesday wednesday thursday friday saturday sunday weekday weekend',
  'domestic international',
  'free basic plus pro premium enterprise team business',
  'minimum maximum',
  'first second third fourth',
  'opened unopened',
  'adult child student senior',
  'small medium large',
  'chat phone email post',
  'morning afternoon evening night',
].map((group) => distinctTerms(group))

/** Words that frame a value and are not what it is a value of. */
const FRAME: ReadonlySet<string> = new Set(
  distinctTerms(
    `period time limit window deadline last take need require require allow allow able currently current new
    old always usually normally generally typically total average approximately least most maximum minimum
    day days week weeks month months year years hour hours minute minutes working business calendar date euro
    euros dollar dollars percent number amount set valid offer give given`,
  ),
)

const groupOf = new Map<string, string>()
for (const group of SAME)
  for (const term of group) if (!groupOf.has(term)) groupOf.set(term, group[0] ?? term)

/** The one term that stands for all with its meaning. */
export const canonical = (term: string): string => groupOf.get(term) ?? term

/** The event a period is counted from; documents name different ones for the same rule. */
const ANCHORS: ReadonlySet<string> = new Set(
  distinctTerms('delivery purchase receipt receive order original full whole unused').map(canonical),
)

export const isFrame = (term: string): boolean => FRAME.has(term)
/** Of a canonical term. */
export const isAnchor = (term: string): boolean => ANCHORS.has(term)

export function relatedTerms(term: string): readonly string[] {
  return SAME.filter((group) => group.includes(term))
    .flat()
    .filter((other) => other !== term)
}

/** True when each side names a member of the same group that the other does not. */
export function contrasts(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return CONTRASTS.some((group) => {
    const onlyA = group.some((term) => a.has(term) && !b.has(term))
    return onlyA && group.some((term) => b.has(term) && !a.has(term))
  })
}
