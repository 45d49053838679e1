/** Owns bugs of folding and of the border: order, settled statuses, names that are no names. */
import type { PlantedBug } from './bug.ts'

export const folding: readonly PlantedBug[] = [
  {
    name: 'gap-folded',
    harm: 'an event ahead of its turn is folded at once: nothing is waited for and no gap is recorded',
    edits: [{ file: 'src/core/intake.ts', find: 'if (at === position + 1) {', put: 'if (at > position) {' }],
    tests: ['test/core/intake.test.ts'],
    breaks: /\bF3\b/,
  },
  {
    name: 'settled-overwritten',
    harm: 'a late fact moves a run on that has settled',
    edits: [
      {
        file: 'src/core/status.ts',
        find: 'const replaces = inferred && owned && isSettled(fact.to)',
        put: 'const replaces = owned && status !== fact.to',
      },
    ],
    tests: ['test/core/status.test.ts', 'test/core/laws.test.ts'],
    breaks: /\bF4/,
  },
  {
    name: 'bare-object-table',
    harm: 'what a type means is looked up in a bare object, where `constructor` is always known',
    edits: [
      {
        file: 'src/core/decode.ts',
        find: 'const rule = RULES.get(type)',
        put: 'const rule = (Object.fromEntries(RULES) as Record<string, Rule | undefined>)[type]',
      },
    ],
    tests: ['test/core/decode.test.ts'],
    breaks: /\b[AS]1\b/,
  },
  {
    name: 'in-for-own-key',
    harm: 'a field named like something every object inherits counts as known, and is dropped',
    edits: [
      {
        file: 'src/core/registration.ts',
        find: '!Object.hasOwn(known, key)',
        put: '!(key in known)',
      },
    ],
    tests: ['test/core/inherited.test.ts'],
    breaks: /\bS1\b/,
  },
  {
    name: 'proto-key-kept',
    harm: 'the key `__proto__` is assigned like any other, and sets a prototype',
    edits: [
      {
        file: 'src/core/bounds.ts',
        find: "    if (key === '__proto__') throw new Rejected('the key __proto__')\n",
        put: '',
      },
    ],
    tests: ['test/core/decode.test.ts', 'test/state/ingest.test.ts'],
    breaks: /\b[AS]1\b/,
  },
  {
    name: 'throw-on-bad-row',
    harm: 'one row that cannot be folded again takes every list it stands in along',
    edits: [
      {
        file: 'src/ledger/projection.ts',
        find: '  } catch {\n    return null\n',
        put: '  } catch (error) {\n    throw error\n',
      },
    ],
    tests: ['test/ledger/keptData.test.ts'],
    breaks: /\bW2\b/,
  },
]
