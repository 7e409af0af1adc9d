export const PATH = '/settings/audit-log'
