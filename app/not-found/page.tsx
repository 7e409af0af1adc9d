import { notFound } from 'next/navigation'

/** Where the gate sends addresses that do not exist. */
export default function MissingPage(): never {
  notFound()
}
