/** A JSON object as the API gives it. */
export type JsonObject = Readonly<Record<string, unknown>>;
