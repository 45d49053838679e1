/**
 * Owns a bounded look at a value that broke the limits, for a person who wants to know what came. It calls nothing
 * of the value's own (`toJSON`, getters of instances are code of others) and ends soon, whatever it is given. SPEC S1.
 */
import type { Json } from './entities.ts'

const NODES = 500
const DEPTH = 8
const ITEMS = 100

/** Plain JSON; what is left out is named in brackets. `chars`: of one text at most. */
export function sketch(value: unknown, chars: number): Json {
  try {
    return draw(value, 0, { nodes: 0, chars })
  } catch {
    return '[unreadable]'
  }
}

function draw(value: unknown, depth: number, budget: { nodes: number; chars: number }): Json {
  budget.nodes += 1
  if (budget.nodes > NODES) return '[…]'
  switch (typeof value) {
    case 'string':
      return value.slice(0, budget.chars)
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) ? value : `[${value}]`
    case 'object':
      if (value === null) return null
      if (depth >= DEPTH) return '[…]'
      return Array.isArray(value) ? drawItems(value, depth, budget) : drawMembers(value, depth, budget)
    default:
      return `[${typeof value}]`
  }
}

function drawItems(items: readonly unknown[], depth: number, budget: { nodes: number; chars: number }): Json {
  const drawn: Json[] = []
  for (let index = 0; index < Math.min(items.length, ITEMS); index += 1) {
    drawn.push(draw(items[index], depth + 1, budget))
  }
  if (items.length > ITEMS) drawn.push(`[${items.length - ITEMS} more]`)
  return drawn
}

function drawMembers(value: object, depth: number, budget: { nodes: number; chars: number }): Json {
  const keys = Object.keys(value)
  const drawn = keys.slice(0, ITEMS).map((key): [string, Json] => {
    const member = Object.getOwnPropertyDescriptor(value, key)
    const seen =
      member !== undefined && 'value' in member ? draw(member.value, depth + 1, budget) : '[getter]'
    return [key.slice(0, budget.chars), seen]
  })
  if (keys.length > ITEMS) drawn.push(['[more]', keys.length - ITEMS])
  // Makes own members of whatever names, `__proto__` included.
  return Object.fromEntries(drawn)
}
