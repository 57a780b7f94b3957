/** Imported only when it is asked for. */
export const greeting = "from a module of its own";
