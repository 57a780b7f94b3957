// A program whose module fails while it loads.
const missing: { readonly name: string } | undefined = JSON.parse("null");

export const name = (missing as { readonly name: string }).name; // line 4
