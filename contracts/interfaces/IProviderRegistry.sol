// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Provider registry: who serves what at which price
/// @notice A provider is its owner account. Daily work is done with other keys, so that the owner key can stay cold.
interface IProviderRegistry {
    /// @notice A governed class of hardware.
    /// @param name 1 to 64 bytes.
    /// @param minimumStakePerGpu ATH units (18 decimals).
    /// @param minimumThroughput Multiply-adds a second that each GPU of the class delivers at least. Divided by a model's `workPerPosition`, it is
    /// positions a second.
    /// @param open Whether it takes new hardware.
    struct HardwareClass {
        string name;
        uint96 minimumStakePerGpu;
        uint64 minimumThroughput;
        bool open;
    }

    /// @notice GPUs of one class.
    /// @param hardwareClass Index of the hardware class.
    /// @param count Number of GPUs, 1 at least.
    struct Hardware {
        uint32 hardwareClass;
        uint32 count;
    }

    /// @param operator Key that submits results; never the owner's.
    /// @param watchtower Key that may defend results when the operator is offline; zero if there is none.
    /// @param encryptionKey X25519 public key for private requests; zero if there is none.
    /// @param endpoint URL of the provider's own service; empty if it only watches the chain.
    /// @param hardware Every class once, in ascending order; 1 to 16 classes, 100,000 GPUs in all at most.
    struct Profile {
        address operator;
        address watchtower;
        bytes32 encryptionKey;
        string endpoint;
        Hardware[] hardware;
    }

    /// @param registered Whether the account is a provider.
    /// @param offerCount Number of standing offers.
    /// @param reserved ATH units locked for hardware and fraud deposit, as of the last change of hardware, without what is frozen or was penalised since.
    /// @param fraudDeposit ATH units of `reserved` that are forfeited when a result is proven wrong. It never falls while the provider is registered,
    /// except to 0 by a conviction.
    struct Provider {
        Profile profile;
        bool registered;
        uint32 offerCount;
        uint96 reserved;
        uint96 fraudDeposit;
    }

    /// @notice A standing acceptance of every valid request for a model, paid in a token. One storage slot.
    /// Prices are in microcents, millionths of a US cent; whoever opens a job converts them to the token (`ICurrencies`).
    /// @param inputMicrocents Microcents for a million prompt tokens.
    /// @param outputMicrocents Microcents for a million generated tokens.
    /// @param contextLength Copied from the model; zero means there is no offer.
    /// @param vocabularySize Copied from the model.
    /// @param workPerPosition Copied from the model.
    struct Offer {
        uint64 inputMicrocents;
        uint64 outputMicrocents;
        uint24 contextLength;
        uint24 vocabularySize;
        uint48 workPerPosition;
    }

    /// @notice A hardware class was added or changed.
    event HardwareClassSet(
        uint32 indexed hardwareClass,
        string name,
        uint96 minimumStakePerGpu,
        uint64 minimumThroughput,
        bool open
    );
    /// @notice The least fraud deposit of new registrations changed, ATH units.
    event FraudDepositSet(uint96 amount);
    /// @notice The fraud deposit beside new hardware changed, ten-thousandths of its stake.
    event DepositShareSet(uint16 share);
    /// @notice An account became a provider; `reserved` ATH units of its stake are locked.
    event ProviderRegistered(address indexed provider, Profile profile, uint96 reserved);
    /// @notice A provider replaced its profile; `reserved` ATH units of its stake are locked now.
    event ProviderUpdated(address indexed provider, Profile profile, uint96 reserved);
    /// @notice A provider ended its registration; its lock is free.
    event ProviderDeregistered(address indexed provider);
    /// @notice A provider was convicted of a wrong result: of `forfeited` ATH units, `paid` went to the challengers, the rest was burned.
    event ProviderConvicted(address indexed provider, uint256 forfeited, uint256 paid);
    /// @notice The contract that convicts is this one, for good.
    event DisputeGameSet(address game);
    /// @notice A provider offers a model, or changed the price of its offer: microcents, millionths of a US cent, for a million tokens.
    event OfferSet(
        address indexed provider,
        bytes32 indexed modelRoot,
        address indexed token,
        uint64 inputMicrocents,
        uint64 outputMicrocents
    );
    /// @notice A provider took an offer back.
    event OfferRemoved(address indexed provider, bytes32 indexed modelRoot, address indexed token);

    error AlreadyRegistered(address provider);
    error NotRegistered(address provider);
    /// @notice The operator key must differ from the owner's, and be there.
    error InvalidOperator(address operator);
    error InvalidWatchtower(address watchtower);
    /// @notice No such hardware class, or it takes no new hardware.
    error HardwareClassNotOpen(uint32 hardwareClass, uint32 classCount);
    /// @notice There are as many hardware classes as there can be. Change one that is closed.
    error TooManyHardwareClasses(uint256 maximum);
    /// @notice A profile names 1 to `maximum` hardware classes.
    error HardwareLengthOutOfBounds(uint256 length, uint256 maximum);
    /// @notice Name every hardware class once, in ascending order.
    error HardwareNotAscending(uint32 before, uint32 hardwareClass);
    /// @notice Too many GPUs in all, or none of a class.
    error GpuCountOutOfBounds(uint256 gpuCount, uint256 maximum);
    /// @notice A parameter lies outside its fixed bounds.
    error ParameterOutOfBounds(bytes32 parameter, uint256 value, uint256 minimum, uint256 maximum);
    error EndpointTooLong(uint256 length, uint256 maximum);
    /// @notice Remove all offers first.
    error OffersStanding(address provider, uint32 offerCount);
    /// @notice Wait until all open work has ended.
    error WorkOpen(address provider, uint32 openWork);
    /// @notice The provider does not offer this model for this token. Choose one of its offers.
    error NoSuchOffer(address provider, bytes32 modelRoot, address token);
    /// @notice The token is not accepted by the vault.
    error OfferTokenNotAccepted(address token);
    /// @notice Only the dispute game convicts.
    error NotDisputeGame(address caller);
    /// @notice The dispute game is set once, for good.
    error DisputeGameAlreadySet(address game);
    /// @notice The dispute game is a contract.
    error DisputeGameWithoutCode(address game);

    /// @notice Registers the caller as a provider and locks the stake its hardware needs plus the fraud deposit, which grows with it. Refused to whoever was convicted.
    function register(Profile calldata profile) external;

    /// @notice Replaces the caller's profile; with other hardware the lock follows it at today's requirements, but the fraud deposit never falls.
    /// Of a class that is closed by now, hardware may stay or get less.
    function update(Profile calldata profile) external;

    /// @notice Ends the registration and frees the lock; refused while offers stand (those of a convicted provider no longer do) or work is open.
    function deregister() external;

    /// @notice Offers a model, payable in a token, or changes the price of an offer. Open jobs keep the price they were created with.
    /// @param inputMicrocents Microcents, millionths of a US cent, for a million prompt tokens.
    /// @param outputMicrocents Microcents for a million generated tokens.
    function setOffer(
        bytes32 modelRoot,
        address token,
        uint64 inputMicrocents,
        uint64 outputMicrocents
    ) external;

    /// @notice Takes an offer of the caller back. Open jobs go on.
    function removeOffer(bytes32 modelRoot, address token) external;

    /// @notice Forfeits a provider's fraud deposit and jails the provider, for good. Only the dispute game, once per provider.
    /// @param payout ATH units for the vault account of `recipient`; at most half of the deposit. The rest is burned.
    /// @return forfeited ATH units taken.
    /// @return paid ATH units credited to `recipient`.
    function convict(
        address provider,
        uint256 payout,
        address recipient
    ) external returns (uint256 forfeited, uint256 paid);

    /// @notice Names the contract that convicts, once and for good.
    function setDisputeGame(address game) external;

    /// @notice Adds a hardware class or changes one. Registered providers keep their lock and throughput until they change hardware.
    /// @param hardwareClass An existing index, or the number of classes to add one.
    function setHardwareClass(uint32 hardwareClass, HardwareClass calldata terms) external;

    /// @notice Sets the least fraud deposit of new registrations, in ATH units.
    function setFraudDeposit(uint96 amount) external;

    /// @notice Sets the fraud deposit that hardware needs, in ten-thousandths of its stake, where that is more than the least.
    function setHardwareDepositShare(uint16 share) external;

    /// @notice ATH units that hardware needs at today's requirements: the sum over its classes and the fraud deposit. Of closed classes, too.
    function requiredStake(Hardware[] calldata hardware) external view returns (uint96);

    /// @notice ATH units of it that are the fraud deposit: `depositShare` of the stake of the hardware, `fraudDeposit` at least. A registered provider's is no less than it was.
    function fraudDepositFor(Hardware[] calldata hardware) external view returns (uint96);

    /// @notice A provider's profile and standing; empty for an account that is none.
    function providerOf(address provider) external view returns (Provider memory);

    /// @notice The key that submits results for a provider; zero if it is not registered.
    function operatorOf(address provider) external view returns (address);

    /// @notice The keys that may defend a provider's results; zero where there is none.
    function defenderKeysOf(address provider) external view returns (address operator, address watchtower);

    /// @notice ATH units that a conviction of the provider forfeits; zero if it is not registered or was convicted.
    function fraudDepositOf(address provider) external view returns (uint96);

    /// @notice Multiply-adds a second that a provider's hardware delivers at least: the sum over its classes, as of its last change of hardware.
    function throughputOf(address provider) external view returns (uint96);

    /// @notice The contract that convicts; zero until it is set.
    function disputeGame() external view returns (address);

    /// @notice Reverts with `NoSuchOffer` if there is none, and with the vault's `ProviderJailed` if the provider was convicted.
    function offerOf(address provider, bytes32 modelRoot, address token) external view returns (Offer memory);

    /// @notice A hardware class; reverts with `HardwareClassNotOpen` if there is none with this index.
    function hardwareClassOf(uint32 hardwareClass) external view returns (HardwareClass memory);

    /// @notice Number of hardware classes; their indices are below it.
    function hardwareClassCount() external view returns (uint32);

    /// @notice The least fraud deposit of new registrations, ATH units.
    function fraudDeposit() external view returns (uint96);

    /// @notice The fraud deposit of new hardware, ten-thousandths of its stake.
    function depositShare() external view returns (uint16);
}
