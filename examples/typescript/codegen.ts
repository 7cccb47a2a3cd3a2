import type { CodegenConfig } from "@graphql-codegen/cli";

// The types of exactly what the queries in *.graphql ask for, and the queries themselves as typed strings.
const config: CodegenConfig = {
  schema: "../../schema/schema.graphql",
  documents: "*.graphql",
  generates: {
    "generated/graphql.ts": {
      plugins: ["typescript-operations", "typed-document-node"],
      config: {
        documentMode: "string",
        scalars: { BigInt: "number", DateTime: "string", JSON: "unknown" },
        useTypeImports: true,
      },
    },
  },
};

export default config;
