// expected-error @below {{op needs 3 but has 4}}
// expected-error @below {{op is too clever by half}}
