/* A library that a plug-in needs; the tests leave it where the dynamic loader does not look. */
int casd_absent(void);

int casd_absent(void) { return 0; }
