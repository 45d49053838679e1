/**
 * Owns the bundled sample: the papers of a fictional outdoor shop, one of them out of date on purpose, and
 * questions that show an agreement, a disagreement and a gap.
 */
import customerFaq from './customer-faq-2022.md?raw'
import meeting from './meeting-2025-02-11.md?raw'
import releaseNotes from './release-notes-4.2.md?raw'
import returnsPolicy from './returns-policy.md?raw'
import shippingGuide from './shipping-guide.md?raw'
import supportHandbook from './support-handbook.md?raw'
import warranty from './warranty.md?raw'

export interface SampleDocument {
  name: string
  text: string
}

export const sampleDocuments: readonly SampleDocument[] = [
  { name: 'returns-policy.md', text: returnsPolicy },
  { name: 'customer-faq-2022.md', text: customerFaq },
  { name: 'shipping-guide.md', text: shippingGuide },
  { name: 'support-handbook.md', text: supportHandbook },
  { name: 'warranty.md', text: warranty },
  { name: 'release-notes-4.2.md', text: releaseNotes },
  { name: 'meeting-2025-02-11.md', text: meeting },
]

/** A disagreement, two clean ones, and one the documents say nothing about. */
export const sampleQuestions: readonly string[] = [
  'How long do customers have to return a product, and who pays for shipping?',
  'When is customer support open, and how quickly does it reply to e-mail?',
  'How long is the warranty, and what does it not cover?',
  'How many weeks of parental leave do employees get?',
]
