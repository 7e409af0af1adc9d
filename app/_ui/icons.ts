import {
  Activity,
  BookOpen,
  Bot,
  Building2,
  Database,
  FileText,
  Fingerprint,
  History,
  KeyRound,
  type LucideIcon,
  MessagesSquare,
  Plug,
  Route,
  ShieldCheck,
  TriangleAlert,
  Unplug,
  UserRound,
  UsersRound,
} from 'lucide-react'

/** Icons by name, for navigation that a server component hands to the shell. */
export const icons = {
  agents: Bot,
  data: Database,
  interactions: MessagesSquare,
  'api-keys': KeyRound,
  'external-keys': Plug,
  authentication: Fingerprint,
  security: ShieldCheck,
  'access-logs': Activity,
  members: UsersRound,
  organization: Building2,
  'audit-log': History,
  requests: Route,
  account: UserRound,
  docs: BookOpen,
  reference: FileText,
  errors: TriangleAlert,
  outages: Unplug,
} satisfies Record<string, LucideIcon>

export type IconName = keyof typeof icons
