import { cva, type VariantProps } from 'class-variance-authority'

/** Classes of everything that looks like a button: `Button`, `ButtonLink`, triggers. */
export const buttonStyles = cva(
  [
    'relative inline-flex shrink-0 items-center justify-center gap-2 rounded-md border font-medium whitespace-nowrap',
    'transition-colors duration-100 select-none [&_svg]:size-4 [&_svg]:shrink-0',
    'disabled:border-border disabled:bg-surface disabled:text-muted',
  ],
  {
    variants: {
      variant: {
        primary: 'border-transparent bg-accent text-accent-foreground hover:bg-accent-hover',
        secondary: 'border-border bg-raised text-foreground hover:bg-hover',
        ghost: 'border-transparent bg-transparent text-foreground hover:bg-hover disabled:bg-transparent',
        danger: 'border-transparent bg-danger-solid text-danger-foreground hover:bg-danger-hover',
        link: 'h-auto border-transparent bg-transparent p-0 text-accent underline decoration-accent-line underline-offset-4 hover:decoration-current',
      },
      size: {
        sm: 'h-8 px-3 text-sm',
        md: 'h-9 px-3.5 text-base',
        lg: 'h-10 px-4 text-base',
        icon: 'size-8 text-muted hover:text-foreground',
      },
    },
    compoundVariants: [{ variant: 'link', className: 'h-auto px-0' }],
    defaultVariants: { variant: 'secondary', size: 'md' },
  },
)

export type ButtonVariant = NonNullable<VariantProps<typeof buttonStyles>['variant']>
export type ButtonSize = NonNullable<VariantProps<typeof buttonStyles>['size']>
