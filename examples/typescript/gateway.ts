// One request to the gateway at METAFLOW_GRAPHQL_URL.

import type { TypedDocumentString } from "./generated/graphql.ts";

const url = process.env.METAFLOW_GRAPHQL_URL ?? "http://127.0.0.1:8080/graphql";

type Answer<Data> = {
  data?: Data | null;
  errors?: { message: string; path?: (string | number)[]; extensions?: { code?: string } }[];
};

/** The answer's data. A field that could not be answered is null in it and is told on stderr; the others stand. */
export async function ask<Data, Variables>(
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/graphql-response+json" },
    body: JSON.stringify({ query: document.toString(), variables }),
  });
  const { data, errors = [] } = (await response.json()) as Answer<Data>;
  for (const { message, path = [], extensions } of errors) {
    console.error(`${extensions?.code} ${path.join(".")}: ${message}`);
  }
  if (!data) throw new Error(`${url} answered ${response.status} without data`);
  return data;
}
