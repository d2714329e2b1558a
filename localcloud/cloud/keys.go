package cloud

import "context"

// Keys are the keys of AWS KMS, with which services encrypt the data of their
// resources. A key is the ID or ARN of a key, or the name or ARN of an alias.
//
// The errors are those of KMS: AccessDeniedException, DisabledException,
// InvalidKeyUsageException, KMSInvalidStateException and NotFoundException. Services
// reword them.
type Keys interface {
	// EncryptWith checks that the caller may use the key to encrypt data of the
	// resource, which requires kms:GenerateDataKey and kms:Decrypt.
	EncryptWith(ctx context.Context, key string, caller Caller, resource ARN) error
	// EncryptValueWith checks that the caller may have KMS itself encrypt a value of the
	// resource, without a data key, which requires kms:Encrypt.
	EncryptValueWith(ctx context.Context, key string, caller Caller, resource ARN) error
	// DecryptWith checks that the caller may use the key to decrypt data of the
	// resource, which requires kms:Decrypt.
	DecryptWith(ctx context.Context, key string, caller Caller, resource ARN) error
	// GrantWith checks that the caller may choose the key for a resource of which the
	// service uses the key later, too, by a grant that it creates. That requires
	// kms:Encrypt, kms:Decrypt, kms:ReEncrypt*, kms:GenerateDataKey*, kms:DescribeKey and
	// kms:CreateGrant.
	GrantWith(ctx context.Context, key string, caller Caller, resource ARN) error
	// CheckKey checks that the key exists and can encrypt data, whoever uses it.
	CheckKey(key string) error
}
