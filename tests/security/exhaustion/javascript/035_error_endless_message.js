// An error whose message and stack take for ever.
throw { get message() { for (;;); }, get stack() { for (;;); }, toString() { for (;;); } };
