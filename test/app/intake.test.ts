// What a person drops, and what becomes of it.
import { describe, expect, test } from 'vitest'
import type { FileLike } from '../../app/research/intake.ts'
import { INTAKE_LIMITS, readDocuments, validateQuestion } from '../../app/research/intake.ts'

const MB = 1024 * 1024

function file(name: string, content: string | Uint8Array<ArrayBuffer>, size?: number): FileLike {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
  return { name, size: size ?? bytes.byteLength, arrayBuffer: async () => bytes.slice().buffer }
}

async function refusal(one: FileLike): Promise<string> {
  const { accepted, rejected } = await readDocuments([one])
  expect(accepted).toEqual([])
  expect(rejected).toHaveLength(1)
  expect(rejected[0]?.name).toBe(one.name)
  return rejected[0]?.reason ?? ''
}

describe('dropped files', () => {
  test('are read as text, without byte order mark and with one kind of line end', async () => {
    const files = [
      file('a.md', '\ufeff# A\r\n\r\nText.\rMore.'),
      file('folder/sub/b.txt', 'b'),
      file('LICENSE', 'free'),
    ]
    expect(await readDocuments(files)).toEqual({
      accepted: [
        { name: 'a.md', text: '# A\n\nText.\nMore.' },
        { name: 'folder/sub/b.txt', text: 'b' },
        { name: 'LICENSE', text: 'free' },
      ],
      rejected: [],
    })
  })

  test('are read as UTF-16 where they say so', async () => {
    const bytes = new Uint8Array([0xff, 0xfe, 0x48, 0x00, 0x69, 0x00])
    expect((await readDocuments([file('w.txt', bytes)])).accepted).toEqual([{ name: 'w.txt', text: 'Hi' }])
  })

  test('of 50 MB are refused with their size, unread', async () => {
    const unread: FileLike = {
      name: 'huge.txt',
      size: 50 * MB,
      arrayBuffer: () => Promise.reject(new Error('read after all')),
    }
    expect(await refusal(unread)).toBe('The file has 50 MB; at most 5 MB are read.')
  })

  test('that are larger than they say are refused by what was read', async () => {
    const lying = file('lying.txt', new Uint8Array(6 * MB).fill(0x61), 10)
    expect(await refusal(lying)).toContain('6 MB')
  })

  test('that are empty or hold only blanks are refused', async () => {
    expect(await refusal(file('empty.md', ''))).toBe('The file is empty.')
    expect(await refusal(file('blank.md', ' \n\t\n'))).toBe('The file holds no text.')
  })

  test('that are binary are refused, whatever their name says', async () => {
    const zeros = new Uint8Array([0x50, 0x4b, 0x03, 0x04, 0x00, 0x00])
    const noise = Uint8Array.from({ length: 400 }, (_, at) => 0x80 + (at % 0x40))
    expect(await refusal(file('zip.md', zeros))).toBe('The file is not text: it holds binary content.')
    expect(await refusal(file('noise.txt', noise))).toBe('The file is not text: it holds binary content.')
  })

  test('of other kinds and hidden files are listed with the reason', async () => {
    expect(await refusal(file('photo.PNG', 'x'))).toContain('.png files are not read')
    expect(await refusal(file('folder/.DS_Store', 'x'))).toBe('Skipped: a hidden file.')
  })

  test('that cannot be read are refused with what the browser says', async () => {
    const broken: FileLike = {
      name: 'a.md',
      size: 3,
      arrayBuffer: () => Promise.reject(new Error('permission denied')),
    }
    expect(await refusal(broken)).toBe('The file could not be read: permission denied.')
  })

  test('beyond two hundred are refused one by one', async () => {
    const many = Array.from({ length: INTAKE_LIMITS.files + 2 }, (_, at) => file(`${at}.md`, 'text'))
    const { accepted, rejected } = await readDocuments(many)
    expect(accepted).toHaveLength(200)
    expect(rejected.map(({ name }) => name)).toEqual(['200.md', '201.md'])
    expect(rejected[0]?.reason).toBe('Only 200 files are read at once.')
  })

  test('beyond 25 MB together are refused', async () => {
    const big = new Uint8Array(5 * MB).fill(0x61)
    const { accepted, rejected } = await readDocuments([1, 2, 3, 4, 5, 6].map((at) => file(`${at}.txt`, big)))
    expect(accepted).toHaveLength(5)
    expect(rejected[0]?.reason).toBe('All files together may have 25 MB.')
  })

  test('of one name are told apart', async () => {
    const { accepted } = await readDocuments([file('a.md', '1'), file('a.md', '2'), file('a (2).md', '3')])
    expect(accepted.map(({ name }) => name)).toEqual(['a.md', 'a (2).md', 'a (2) (2).md'])
  })
})

describe('a question', () => {
  test('is refused when it is empty, wordless or too long', () => {
    expect(validateQuestion('  \n')).toBe('Write a question first.')
    expect(validateQuestion('?!')).toBe('The question has no words.')
    expect(validateQuestion('x'.repeat(2_001))).toBe(
      'The question has 2,001 characters; at most 2,000 are allowed.',
    )
  })

  test('is fine otherwise, in any script', () => {
    expect(validateQuestion('x'.repeat(2_000))).toBeNull()
    expect(validateQuestion('返品期間は？')).toBeNull()
  })
})
